//! What happens to a node's images besides pulls for Pods: its runtime is used past the kubelet, images are collected,
//! the kubelet restarts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cluster::{Cluster, Task};
use crate::credential::Login;
use crate::event::Reason;
use crate::message::kubelet as words;
use crate::ordered;
use crate::pod::{Reference, State};
use crate::pull::{AuthConfig, Outside, PullOutcome, PullRequest, Pulled};
use crate::runtime;
use crate::time::{SimTime, Span};
use crate::world::Plugin;

/// How often the kubelet looks whether images are to be collected (pkg/kubelet/kubelet.go ImageGCPeriod).
const IMAGE_GC_PERIOD: Span = Span::minutes(5);

impl Cluster {
    /// `crictl pull` on a node: past the kubelet, which keeps no record of it (P47). The error is the runtime's.
    pub fn crictl_pull(
        &mut self,
        node: &str,
        image: &str,
        login: Option<&Login>,
    ) -> Result<(), String> {
        let reference = Reference::parse(image)?;
        let Some(found) = self.nodes.get(node) else { return Err(no_node(node)) };
        let found = Arc::clone(found);
        let request = PullRequest {
            image: &reference.image,
            auth: login.map(AuthConfig::of),
            now: self.now,
            node: &found.spec,
            content: &found.content,
            kubelet: found.kubernetes,
        };
        let (world, mint, roles) = (&self.world, &self.mint, &self.roles);
        let outside = Outside { world, mint, roles, served: &mut self.served };
        match runtime::outcome(outside, &request) {
            PullOutcome::Failed { message, .. } => Err(message),
            PullOutcome::Pulled(Pulled { digest, bytes, parts, .. }) => {
                let now = self.now;
                drop(found);
                let found = Arc::make_mut(self.nodes.get_mut(node).expect("it was just there"));
                found.put_image(&reference.whole, digest.into(), bytes, Some(parts), now);
                self.image_store_changed(node, &reference.whole);
                Ok(())
            }
        }
    }

    /// `crictl rmi` on a node. What the kubelet remembers of the image's pulls stays.
    pub fn crictl_rmi(&mut self, node: &str, image: &str) -> Result<(), String> {
        let reference = Reference::parse(image)?;
        let Some(found) = self.nodes.get_mut(node) else { return Err(no_node(node)) };
        if !Arc::make_mut(found).remove_image(&reference.whole) {
            return Err(words::no_such_image(image));
        }
        self.image_store_changed(node, &reference.whole);
        Ok(())
    }

    /// The runtime of a node cannot say whether an image is there, or can again (P18).
    pub fn set_inspect_error(&mut self, node: &str, error: Option<&str>) {
        let Some(found) = self.nodes.get_mut(node) else { return };
        Arc::make_mut(found).inspect_error = error.map(Into::into);
        self.node_changed(node);
    }

    /// A file with registry credentials is written on a node, or removed (P35).
    pub fn write_node_file(&mut self, node: &str, path: &str, text: Option<&str>) {
        let Some(found) = self.nodes.get_mut(node) else { return };
        Arc::make_mut(found).write_file(path, text);
        self.node_changed(node);
    }

    /// A credential provider plugin of a node does something else from now on.
    pub fn set_plugin(&mut self, node: &str, provider: &str, plugin: &Plugin) {
        let Some(found) = self.nodes.get_mut(node) else { return };
        Arc::make_mut(found).set_plugin(provider, plugin);
        self.node_changed(node);
    }

    /// A kubelet is stopped and started again: what it does not keep on disk is forgotten, waiting Pods are tried at
    /// once, their back-off begins anew, and so do their Event objects (`kubelet-restart`).
    pub fn restart_kubelet(&mut self, node: &str) {
        let Some(found) = self.nodes.get_mut(node) else { return };
        Arc::make_mut(found).restart();
        self.generation += 1;
        for id in self.pods.ids_on(node) {
            self.release(id);
            let Some(run) = self.pods.get_mut(id) else { continue };
            run.recorder.restart();
            run.back_off = crate::back_off::BackOff::default();
            run.pulling = None;
            run.pending = false;
            run.missing_event = None;
            for container in &mut run.containers {
                container.look_up = None;
                container.failed_pull = None;
                container.repeated.clear();
                if matches!(container.state, State::Waiting(_)) {
                    container.state = State::Fresh;
                }
            }
            let pause = Span::millis(i64::from(run.stream.between(2900, 3200)));
            if run.deleting.is_some() {
                let mut pod = self.pods.take(id).expect("it was just there");
                self.begin_ending(id, Arc::make_mut(&mut pod));
                self.pods.put(id, pod);
            } else {
                self.wake_in(id, pause);
            }
        }
    }

    /// What a node's Pods read of it has changed, apart from its images.
    fn node_changed(&mut self, node: &str) {
        self.release_where(|pod| pod.node.as_deref() == Some(node));
        self.generation += 1;
    }

    /// An image came into a node's store, or left it: Pods that wait for it would have noticed.
    pub(super) fn image_store_changed(&mut self, node: &str, whole: &str) {
        self.release_where(|pod| {
            pod.node.as_deref() == Some(node)
                && pod.containers.iter().any(|one| {
                    one.reference.as_ref().is_ok_and(|reference| reference.whole == whole)
                })
        });
    }

    // Collecting images.

    /// Images are looked after on nodes whose disk can fill.
    pub(crate) fn begin_image_gc(&mut self, node: &Arc<str>) {
        if self.nodes.get(node).is_some_and(|node| node.spec.disk.is_some()) {
            self.schedule(self.now + IMAGE_GC_PERIOD, Task::ImageGc(Arc::clone(node)));
        }
    }

    /// Images that no container uses go, the longest unused first, until the disk is at its low threshold
    /// (pkg/kubelet/images/image_gc_manager.go GarbageCollect).
    pub(crate) fn collect_images(&mut self, name: &Arc<str>) {
        let Some(node) = self.nodes.get(name) else { return };
        let Some(disk) = node.spec.disk else { return };
        self.schedule(self.now + IMAGE_GC_PERIOD, Task::ImageGc(Arc::clone(name)));
        let containers = self.pods.on_node(name).flat_map(|pod| pod.containers.iter());
        let in_use = containers
            .filter(|one| matches!(one.state, State::Running(_) | State::Terminated(_)))
            .filter_map(|one| one.image_id.clone());
        let used: BTreeSet<Arc<str>> = ordered::set(in_use);
        let now = self.now;
        let node = Arc::make_mut(self.nodes.get_mut(name).expect("it was just there"));
        let config = node.spec.config.clone();
        let mut candidates: Vec<(Option<SimTime>, SimTime, String, u64)> = Vec::new();
        let mut images = 0;
        let names: Vec<String> = node.images().map(str::to_owned).collect();
        for whole in names {
            let Some(image) = node.image_mut(&whole) else { continue };
            images += image.bytes;
            if used.contains(&image.id) {
                image.last_used = Some(now);
            } else {
                candidates.push((image.last_used, image.first_detected, whole, image.bytes));
            }
        }
        let available = disk.bytes.saturating_sub(disk.other_bytes + images);
        let percent = 100 - available * 100 / disk.bytes.max(1);
        if percent < u64::from(config.image_gc_high_threshold_percent) {
            return;
        }
        let low = 100 - u64::from(config.image_gc_low_threshold_percent);
        let wanted = (disk.bytes * low / 100).saturating_sub(available);
        ordered::sort(&mut candidates);
        let mut freed = 0;
        let mut gone = Vec::new();
        for (_, detected, whole, bytes) in candidates {
            if freed >= wanted || now.since(detected) < config.image_minimum_gc_age {
                continue;
            }
            node.remove_image(&whole);
            freed += bytes;
            gone.push(whole);
        }
        node.prune_records();
        let key = node.key();
        for whole in gone {
            self.image_store_changed(name, &whole);
        }
        if freed < wanted {
            let message = words::disk_still_full(percent, disk.bytes, freed);
            self.record(&key, Reason::FreeDiskSpaceFailed, message);
        }
    }
}

fn no_node(name: &str) -> String {
    format!("there is no node `{name}`")
}
