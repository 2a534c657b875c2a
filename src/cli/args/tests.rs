//! What the help says.

use clap::CommandFactory;

use super::*;

#[test]
fn clap_finds_nothing_wrong() {
    Cli::command().debug_assert();
}

#[test]
fn help_fits_into_80_columns() {
    let mut all = vec![Cli::command()];
    while let Some(command) = all.pop() {
        let help = command
            .clone()
            .term_width(80)
            .render_long_help()
            .to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
        }
        all.extend(command.get_subcommands().cloned());
    }
}

#[test]
fn the_first_page() {
    let help = Cli::command().term_width(80).render_long_help().to_string();
    insta::assert_snapshot!(help, @r"
    A Kong Gateway stack on AWS from one YAML file.

    The file says what the gateway should be; AWS itself is the record of what it
    is. Nothing else is stored: no state file, no server.

    Usage: kongstack [OPTIONS] <COMMAND>

    Commands:
      plan           Show what would change on AWS, and why
      apply          Make AWS match the spec
      destroy        Remove the stack from AWS
      validate       Check the spec without asking AWS
      output         Print the endpoints and ids of a live stack
      status         Show how a live stack is
      verify         Prove that a live stack works
      logs           Print what the stack's tasks have written
      exec           Open a shell in a running task, or run a command there
      migrate        Run Kong's migrations by hand, one step at a time
      control-plane  Wake the control plane, or put it to sleep
      cert           Show or rotate the cluster certificate
      admin-key      Change the key of the Admin API
      unlock         Break the lease that a dead run has left on the stack
      sandbox        Run the simulated AWS that `--sandbox` uses
      completions    Print completions for a shell

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Display:
          --color <WHEN>
              When to use colours

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]

      -q, --quiet
              Print results and errors only

      -v, --verbose...
              Say more; twice for everything

    Examples:
      kongstack plan --sandbox          what would be made, on a simulated AWS
      kongstack plan                    what would change
      kongstack apply                   make AWS match kongstack.yaml
      kongstack output endpoint         the gateway's address
      kongstack destroy -f other.yaml   remove a stack

    Exit codes:
      0    done, or nothing to do
      1    failed; nothing was changed, or nothing more than the report says
      2    changes are pending (only `plan --detailed-exitcode`, `migrate list`)
      3    the spec is invalid or cannot be read
      4    applied in part: the report says what is missing, a rerun goes on
      5    locked: another run is at work on the stack
      64   wrong usage
      130  interrupted

    Environment:
      AWS_PROFILE, AWS_ENDPOINT_URL and everything else the AWS SDKs read
      KONGSTACK_LOG          log filter, such as `kongstack=trace`
      NO_COLOR, CLICOLOR, CLICOLOR_FORCE
    ");
}

#[test]
fn what_apply_takes() {
    let mut command = Cli::command();
    let apply = command.find_subcommand_mut("apply").expect("a command");
    let help = apply.clone().term_width(80).render_help().to_string();
    insta::assert_snapshot!(help, @r"
    Make AWS match the spec

    Usage: apply [OPTIONS]

    Options:
      -h, --help  Print help (see more with '--help')

    Spec:
      -f, --file <FILE>       The stack file; `-` reads standard input [default:
                              kongstack.yaml]
          --set <PATH=VALUE>  Put a value over the file's, such as
                              `database.readers=1`
          --region <REGION>   Use this region instead of the file's

    AWS:
          --profile <NAME>      The profile of the AWS configuration to use
          --sandbox             Use a simulation of AWS on this machine; no account
                                needed
          --timeout <DURATION>  Give up after this long, such as `45m`; counts the
                                whole run

    Selection:
          --target <ADDRESS>   Only this resource and what it needs (to destroy:
                               what needs it); may be repeated
          --exclude <ADDRESS>  Not this resource, nor what needs it (to destroy:
                               what it needs); may be repeated

    Run:
          --auto-approve
              Go ahead without asking
          --no-input
              Never ask; fail where an answer is needed
          --parallelism <N>
              How many resources are worked on at once; waiting does not count
              [default: 16]
          --resource-timeout <DURATION>
              Give up on one resource after this long, such as `20m`
          --lock-timeout <DURATION>
              Wait this long for another run on the stack to end [default: 0s]
          --allow-data-loss <ADDRESS>
              Let this resource's data be lost; may be repeated

    Examples:
      kongstack apply
      kongstack apply --auto-approve --timeout 45m
      kongstack apply --sandbox
      kongstack apply --target data-plane/service
    ");
}
