//! Which kubectl speaks, and what sets one apart from another.

use pullpath_model::world::Version;

/// The versions whose words were recorded. Each difference between them is one of the questions below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaks {
    /// v1.32.5
    V1_32,
    /// v1.35.6
    #[default]
    V1_35,
}

impl Speaks {
    /// The one that goes with a cluster of that version.
    pub fn with(cluster: Version) -> Self {
        if cluster < Version::new(1, 34, 0) { Self::V1_32 } else { Self::V1_35 }
    }

    /// `v1.35.6`
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::V1_32 => "v1.32.5",
            Self::V1_35 => "v1.35.6",
        }
    }

    /// The version of Kustomize that is built in.
    pub(crate) const fn kustomize(self) -> &'static str {
        match self {
            Self::V1_32 => "v5.5.0",
            Self::V1_35 => "v5.7.1",
        }
    }

    /// The line of kubectl's pkg/cmd/util/helpers.go that warns of an old `--dry-run`, as the log tells it.
    pub(crate) fn line_of_dry_run_warning(self, new: &str) -> u32 {
        let [alone, yes, no] = if self.is_old() { [702, 716, 719] } else { [719, 733, 736] };
        match new {
            "" => alone,
            "client" => yes,
            _ => no,
        }
    }

    const fn is_old(self) -> bool {
        matches!(self, Self::V1_32)
    }

    /// `creationTimestamp: null` in objects that kubectl made itself: Go's zero time was printed until `omitzero` came.
    pub(crate) const fn prints_zero_times(self) -> bool {
        self.is_old()
    }

    /// `spec.containers{app}: ` before the message of an event, in `describe` (kubernetes/kubernetes PR 133627).
    pub(crate) const fn describes_field_paths(self) -> bool {
        !self.is_old()
    }

    /// Mountable secrets and tokens of a ServiceAccount, ` (not found)` behind a missing one, and the column SECRETS
    /// (kubernetes/kubernetes PR 117160).
    pub(crate) const fn shows_mountable_secrets(self) -> bool {
        self.is_old()
    }

    /// `ConfigMapOptional:  <nil>` for a projected ConfigMap; since v1.33 `Optional:  false`.
    pub(crate) const fn describes_projected_optional_as_pointer(self) -> bool {
        self.is_old()
    }

    /// ` from payments namespace` behind what was deleted.
    pub(crate) const fn tells_where_it_deleted(self) -> bool {
        !self.is_old()
    }

    /// Whether a stream that began as JSON may go on as YAML, as since v1.33.
    pub(crate) const fn reads_yaml_behind_json(self) -> bool {
        !self.is_old()
    }

    /// `-o kyaml`
    pub(crate) const fn prints_kyaml(self) -> bool {
        !self.is_old()
    }
}
