//! Task sizes: Fargate's table of CPU and memory.

use super::{at, joined, nearest};
use crate::spec::model::StackSpec;
use crate::spec::problem::{Problem, Problems};

/// Fargate's sizes: CPU units, then least and most memory in MiB and its steps.
const SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2048, 1024),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    check_size(
        "control_plane",
        spec.control_plane.cpu,
        spec.control_plane.memory,
        out,
    );
    check_size(
        "data_plane",
        spec.data_plane.cpu,
        spec.data_plane.memory,
        out,
    );
}

fn check_size(plane: &str, cpu: u32, memory: u32, out: &mut Problems) {
    let (cpu_path, memory_path) = (at(plane).key("cpu"), at(plane).key("memory"));
    if !out.sound(&[&cpu_path.to_string()]) {
        return;
    }
    let Some(size) = SIZES.iter().find(|size| size.0 == cpu) else {
        let near = nearest(cpu, SIZES.iter().map(|size| size.0));
        let units = if cpu < 256 && cpu > 0 {
            "; it counts CPU units, 1024 a vCPU"
        } else {
            ""
        };
        return out.add(
            Problem::new(
                "fargate-cpu",
                cpu_path,
                format!("there is no Fargate task of {cpu} CPU units"),
            )
            .because(format!(
                "Fargate knows these only: {}{units}",
                joined(SIZES.iter().map(|size| size.0))
            ))
            .fix(format!("write `{near}`")),
        );
    };
    let sizes: Vec<u32> = memories(*size);
    if sizes.contains(&memory) || !out.sound(&[&memory_path.to_string()]) {
        return;
    }
    let (least, most) = (size.1, size.2);
    let step = if cpu == 256 {
        "512, 1024 or 2048".to_owned()
    } else {
        format!("{least} to {most} in steps of {}", size.3)
    };
    let near = nearest(memory, sizes.into_iter());
    out.add(
        Problem::new(
            "fargate-memory",
            memory_path,
            format!("{memory} MiB do not go with {cpu} CPU units"),
        )
        .because(format!(
            "a Fargate task of {cpu} CPU units has {step} MiB of memory"
        ))
        .fix(format!("write `memory: {near}`, or another `cpu`")),
    );
}

fn memories((cpu, least, most, step): (u32, u32, u32, u32)) -> Vec<u32> {
    if cpu == 256 {
        return vec![512, 1024, 2048];
    }
    (least..=most)
        .step_by(usize::try_from(step).unwrap_or(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "control_plane: {cpu: 256, memory: 512}",
            "control_plane: {cpu: 8192, memory: 20480}",
            "data_plane: {cpu: 16384, memory: 122880}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "data_plane: {cpu: 300}",
            "fargate-cpu data_plane.cpu: there is no Fargate task of 300 CPU units",
        ),
        (
            "control_plane: {cpu: 1}",
            "fargate-cpu control_plane.cpu: there is no Fargate task of 1 CPU units",
        ),
        (
            "control_plane: {cpu: 512, memory: 512}",
            "fargate-memory control_plane.memory: 512 MiB do not go with 512 CPU units",
        ),
        (
            "control_plane: {cpu: 256, memory: 1536}",
            "fargate-memory control_plane.memory: 1536 MiB do not go with 256 CPU units",
        ),
        (
            "data_plane: {cpu: 8192, memory: 17408}",
            "fargate-memory data_plane.memory: 17408 MiB do not go with 8192 CPU units",
        ),
        (
            "data_plane: {cpu: 1024}",
            "fargate-memory data_plane.memory: 1024 MiB do not go with 1024 CPU units",
        ),
        (
            "data_plane: {architecture: arm}",
            "unknown-value data_plane.architecture: unknown value `arm`",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
