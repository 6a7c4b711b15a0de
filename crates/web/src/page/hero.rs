//! The first thing a visitor sees: a pull that travels and stops. Drawn and moved by the stylesheet; no engine.

use yew::prelude::*;

/// The drawing of a broken path.
#[component]
pub fn HeroPicture() -> Html {
    let stop = |x: i32, kind: &'static str, name: &'static str, class: &'static str| {
        html! {
            <g class={classes!("hero-stop", class)} transform={format!("translate({x} 40)")}>
                <rect x="0" y="0" width="150" height="64" rx="8" />
                <text class="hero-kind" x="14" y="25">{ kind }</text>
                <text class="hero-name" x="14" y="47">{ name }</text>
            </g>
        }
    };
    html! {
        <svg class="hero-picture" viewBox="0 0 800 172" preserveAspectRatio="xMinYMid slice" role="img"
            aria-label="A pull travels from the Pod payment-api to its ServiceAccount default, and stops there: the ServiceAccount lists no Secret, so the registry is asked without a password.">
            <path class="hero-way" d="M158 72h68M376 72h68M594 72h48" />
            <path class="hero-lit first" d="M158 72h68" pathLength="1" />
            { stop(8, "Pod", "payment-api", "one") }
            { stop(226, "ServiceAccount", "default", "two") }
            { stop(444, "Secret", "ecr-pull", "three") }
            { stop(642, "Registry", "ECR", "four") }
            <circle class="hero-dot" cx="158" cy="72" r="6" />
            <g class="hero-break">
                <circle class="halo" cx="376" cy="72" r="15" />
                <path class="disc" d="M371.6 61.5h8.8l6.1 6.1v8.8l-6.1 6.1h-8.8l-6.1-6.1v-8.8z" />
                <path class="stroke" d="m371.5 67.5 9 9m0-9-9 9" />
                <path class="hero-lead" d="M376 88v26" />
                <text class="hero-label" x="376" y="134" text-anchor="middle">{ "imagePullSecrets: none" }</text>
                <text class="hero-detail" x="376" y="155" text-anchor="middle">{ "ImagePullBackOff · no basic auth credentials" }</text>
            </g>
        </svg>
    }
}
