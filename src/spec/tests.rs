//! Tests of the way from text to spec as a whole: positions, overrides, hostile files, the examples.

use super::{Override, Place, Source, StackSpec, load};

/// Rule, place and message of everything wrong with a text.
fn findings(text: &str, overrides: &[Override]) -> Vec<String> {
    let source = Source {
        name: "kongstack.yaml".to_owned(),
        text: text.to_owned(),
    };
    let Err(invalid) = load(source, overrides) else {
        return Vec::new();
    };
    let show = |problem: &super::Problem| {
        let place = match &problem.place {
            Place::Whole => "file".to_owned(),
            Place::File(span) => format!("{}:{}", span.line, span.column),
            Place::Argument(argument) => argument.clone(),
        };
        format!("{place} {}: {}", problem.rule, problem.message)
    };
    invalid.problems.iter().map(show).collect()
}

fn loaded(text: &str, overrides: &[&str]) -> StackSpec {
    let overrides: Vec<_> = overrides.iter().map(|one| Override::set(one)).collect();
    let source = Source {
        name: "kongstack.yaml".to_owned(),
        text: text.to_owned(),
    };
    match load(source, &overrides) {
        Ok(spec) => spec,
        Err(invalid) => panic!("{text}: {:#?}", invalid.problems),
    }
}

const SMALL: &str = "name: kong-gw\nregion: eu-west-1\n";

#[test]
fn texts_that_are_no_spec() {
    let table = [
        ("", "file empty-file: the file says nothing"),
        ("# nothing yet\n", "file empty-file: the file says nothing"),
        (
            "- name: x\n",
            "1:1 not-a-mapping: the file is a list, not a mapping",
        ),
        (
            "hello",
            "1:1 not-a-mapping: the file is a single value, not a mapping",
        ),
        (
            "name: a: b\n",
            "1:8 yaml-syntax: this is not YAML: mapping values are not allowed in this context",
        ),
        (
            "network:\n\tcidr: x\n",
            "2:2 yaml-syntax: this is not YAML: tabs disallowed within this context (block indentation)",
        ),
        (
            "name: [x\n",
            "1:7 yaml-syntax: this is not YAML: unclosed bracket '['",
        ),
        (
            "name: *x\n",
            "1:7 yaml-syntax: this is not YAML: alias references unknown anchor",
        ),
        (
            "name: x\n---\nname: y\n",
            "2:1 several-documents: a second document begins here",
        ),
        ("? [a]\n: 1\n", "1:3 key-not-text: this key is not a text"),
        ("~: 1\n", "1:1 key-not-text: this key is not a text"),
        (
            "name: .inf\n",
            "1:7 yaml-syntax: this is not YAML: non-finite float `.inf` rejected by the configured policy",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text, &[]), [expected], "{text}");
    }
}

#[test]
fn texts_that_are_made_to_explode() {
    let deep_flow = format!("name: {}", "[".repeat(100_000));
    let deep_block: String = (0..200)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let wide = format!("name: [{}]\n", "1,".repeat(100_000));
    for text in [deep_flow, deep_block, bomb, wide] {
        let found = findings(&text, &[]);
        let start: String = text.chars().take(40).collect();
        assert_eq!(found.len(), 1, "{start}");
        assert!(found[0].contains("yaml-too-complex"), "{start}: {found:?}");
    }
}

#[test]
fn no_more_problems_than_anyone_reads() {
    let keys: String = (0..500).map(|number| format!("key{number}: 1\n")).collect();
    assert_eq!(findings(&format!("{SMALL}{keys}"), &[]).len(), 100);
}

#[test]
fn positions_survive_line_ends_marks_and_other_scripts() {
    let text = "\u{feff}# größer\r\nname: kong-gw\r\nregion: eu-west-1\r\ntags: {größe: 'ü;'}\r\nexec: 3\r\n";
    assert_eq!(
        findings(text, &[]),
        [
            "4:15 tag-value: the value of the tag `größe` has `;` in it",
            "5:7 wrong-type: `true` or `false` belongs here, not the number 3",
        ]
    );
    assert_eq!(
        loaded("\u{feff}name: a\r\nregion: eu-west-1\r\n", &[])
            .name
            .as_str(),
        "a"
    );
}

#[test]
fn all_problems_of_a_list_at_their_own_items() {
    let text = format!(
        "{SMALL}admin:\n  allow:\n    - one\n    - 10.0.0.0/8\n    - two\n    - 10.0.0.1/8\n    - 3\n"
    );
    assert_eq!(
        findings(&text, &[]),
        [
            "5:7 cidr-format: `one` is not a block of IPv4 addresses",
            "7:7 cidr-format: `two` is not a block of IPv4 addresses",
            "8:7 cidr-host-bits: `10.0.0.1/8` has bits set behind its prefix",
            "9:7 wrong-type: a text belongs here, not the number 3",
        ]
    );
}

#[test]
fn duplicates_name_both_places() {
    let text = format!("{SMALL}exec: true\nlogs: {{retention_days: 7}}\nexec: false\n");
    assert_eq!(
        findings(&text, &[]),
        ["5:1 duplicate-key: the key `exec` is given twice, first in line 3, column 1"]
    );
}

#[test]
fn what_is_missing_is_said_where_it_belongs() {
    assert_eq!(
        findings("exec: false\ndata_plane: {egress: [{port: 80}]}\n", &[]),
        [
            "1:1 missing-key: the spec has no `name`",
            "1:1 missing-key: the spec has no `region`",
            "2:23 missing-key: this has no `cidr`",
        ]
    );
}

#[test]
fn control_characters_are_refused() {
    let text = format!("{SMALL}tags: {{a: \"x\\u001fy\\u001bz\"}}\n");
    assert_eq!(
        findings(&text, &[]),
        ["3:11 control-character: there is a control character in this text"]
    );
}

#[test]
fn anchors_and_merges_work() {
    let text = format!(
        "{SMALL}control_plane: &size {{cpu: 1024, memory: 2048}}\ndata_plane:\n  <<: *size\n  memory: 4096\n"
    );
    let spec = loaded(&text, &[]);
    assert_eq!((spec.data_plane.cpu, spec.data_plane.memory), (1024, 4096));
    let wrong = text.replace("memory: 2048", "memory: 9999");
    assert_eq!(
        findings(&wrong, &[]),
        ["3:42 fargate-memory: 9999 MiB do not go with 1024 CPU units"]
    );
}

#[test]
fn overrides_go_over_the_file() {
    let text = format!("{SMALL}admin: {{allow: [10.0.0.0/8]}}\n");
    let spec = loaded(
        &text,
        &[
            "name=other",
            "data_plane.scaling.max=4",
            "admin.allow.1=192.0.2.0/24",
            "tags.owner=platform",
            "network.availability_zones=[eu-west-1a, eu-west-1b]",
            "kong.environment.KONG_LOG_LEVEL=debug",
        ],
    );
    assert_eq!(spec.name.as_str(), "other");
    assert_eq!(spec.data_plane.scaling.max, 4);
    assert_eq!(spec.admin.allow.len(), 2);
    assert_eq!(spec.network.zones().count(), 2);
    assert_eq!(
        loaded("", &["name=a", "region=eu-west-1"]).name.as_str(),
        "a"
    );
    assert_eq!(
        loaded(
            &format!("{SMALL}account: '123456789012'\n"),
            &["account=null"]
        )
        .account,
        None
    );
}

#[test]
fn overrides_are_blamed_for_their_own_problems() {
    let set = |argument: &str| findings(SMALL, &[Override::set(argument)]);
    let table = [
        (
            "network.cidr=10.0.0.7/16",
            "cidr-host-bits: `10.0.0.7/16` has bits set behind its prefix",
        ),
        ("data_plane.scaling.mix=3", "unknown-key: unknown key `mix`"),
        ("region=", "wrong-type: a text belongs here, not nothing"),
        (
            "nonsense",
            "override: `nonsense` cannot be put over the file: there is no `=` in it",
        ),
        (
            "a..b=1",
            "override: `a..b` cannot be put over the file: its path has an empty part",
        ),
        (
            "=1",
            "override: `` cannot be put over the file: its path has an empty part",
        ),
        (
            "name.first=1",
            "override: `name.first` cannot be put over the file: `name` is a value with nothing under it",
        ),
        (
            "name=[",
            "override: `name` cannot be put over the file: its value is not YAML: unclosed bracket '['",
        ),
    ];
    for (argument, expected) in table {
        assert_eq!(set(argument), [format!("--set {argument} {expected}")]);
    }
}

#[test]
fn overrides_go_into_lists_and_flags_are_taken_as_they_are() {
    let text = format!("{SMALL}admin: {{allow: [10.0.0.0/8]}}\n");
    assert_eq!(
        findings(
            &text,
            &[
                Override::set("admin.allow.3=10.1.0.0/16"),
                Override::set("admin.allow.x=1")
            ]
        ),
        [
            "--set admin.allow.3=10.1.0.0/16 override: `admin.allow.3` cannot be put over the file: the next item of \
             `admin.allow` is 1",
            "--set admin.allow.x=1 override: `admin.allow.x` cannot be put over the file: `admin.allow` is a list and \
             has no `x`",
        ]
    );
    assert_eq!(
        findings(SMALL, &[Override::flag("--region", "region", "mars: 1")]),
        ["--region mars: 1 region-format: `mars: 1` is not an AWS region"]
    );
    assert_eq!(
        findings(
            SMALL,
            &[Override::set(
                "kong.environment.KONG_REDIS_PASSWORD=hunter2"
            )]
        ),
        [
            "--set kong.environment.KONG_REDIS_PASSWORD=… environment-secret: `KONG_REDIS_PASSWORD` looks like a secret"
        ]
    );
}

#[test]
fn examples_load() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            loaded(&std::fs::read_to_string(&path).unwrap(), &[]);
            count += 1;
        }
    }
    assert!(count >= 4, "{count} examples");
}

#[test]
fn the_production_example_gives_every_field() {
    let text = include_str!("../../examples/production.yaml");
    // Each field of the model, by the name its documentation goes under; `existing` is the one that excludes others.
    for source in [
        include_str!("model/mod.rs"),
        include_str!("model/network.rs"),
        include_str!("model/ingress.rs"),
        include_str!("model/database.rs"),
        include_str!("model/compute.rs"),
        include_str!("model/gateway.rs"),
    ] {
        let fields = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub(crate) ")?.split_once(':'))
            .map(|(field, _)| field)
            .filter(|field| {
                field
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            });
        for field in fields.filter(|field| !matches!(*field, "existing" | "vpc")) {
            assert!(
                text.contains(&format!("{field}:")),
                "production.yaml lacks `{field}`"
            );
        }
    }
}
