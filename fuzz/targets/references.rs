//! Image references, and what credentials are matched against them: any text in, no panic, and what was read reads again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pullpath_model::image::ImageRef;
use pullpath_model::keyring;

fuzz_target!(|text: &str| {
    // The first line is the image, the rest a pattern: a key of a docker config or a plugin's `matchImages`.
    let (image, pattern) = text.split_once('\n').unwrap_or((text, text));
    let name = match ImageRef::parse(image) {
        Ok(reference) => {
            let whole = reference.to_string();
            assert_eq!(ImageRef::parse(&whole).as_ref(), Ok(&reference), "{image:?} reads again");
            let sent = reference.sent_to_runtime(image);
            assert_eq!(ImageRef::parse(&sent).as_ref(), Ok(&reference), "{sent:?} is the same image");
            reference.lookup_name()
        }
        Err(error) => {
            assert!(!error.about(image).is_empty(), "{image:?}: the error has words");
            image.to_owned()
        }
    };
    let _ = keyring::matches(pattern, &name);
});
