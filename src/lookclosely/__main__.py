"""The command line: ``python -m lookclosely …``."""

import argparse
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lookclosely", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_experiments(
        commands.add_parser("experiments", help="list, run or check the measured claims")
    )
    _add_grading(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


def _add_experiments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="every experiment, its claims and its result")
    listing.set_defaults(run=_list)
    run = actions.add_parser("run", help="run some and write their results")
    # One process for several: experiments that train the same nets then train them once.
    run.add_argument("names", nargs="+", metavar="name")
    run.add_argument("--budget", choices=("smoke", "full"), default="full")
    run.add_argument("--seeds", type=int, default=3)
    run.add_argument(
        "--device", help='"cpu" keeps it on the CPU; otherwise a GPU is used if there is one'
    )
    run.add_argument(
        "--out", type=Path, help="directory of the result (default: the package's, for full)"
    )
    run.set_defaults(run=_run)
    check = actions.add_parser("check", help="fail if a result is missing or not of today's config")
    check.set_defaults(run=_check)


def _add_grading(commands: Any) -> None:
    from lookclosely.grading import assignments, grade

    for name, module, help in (
        (
            "assignments",
            assignments,
            "build every assignment: student notebook, autograder, solution",
        ),
        ("grade", grade, "grade a folder of submissions into one CSV"),
    ):
        parser = commands.add_parser(name, help=help)
        module.add_arguments(parser)
        parser.set_defaults(run=module.run)


def _list(options: argparse.Namespace) -> int:
    from lookclosely.experiments import REGISTRY, load

    for name, experiment in REGISTRY.items():
        try:
            state = load(name).made
        except FileNotFoundError:
            state = "not run yet"
        print(f"{name:<20} {' '.join(experiment.claims):<8} {state}")
    return 0


def _run(options: argparse.Namespace) -> int:
    from lookclosely.experiments import REGISTRY, RESULTS, execute

    if unknown := [name for name in options.names if name not in REGISTRY]:
        print(f"no experiment {unknown[0]!r}: choose from {', '.join(REGISTRY)}", file=sys.stderr)
        return 2
    for name in options.names:
        result = execute(
            REGISTRY[name],
            budget=options.budget,
            seeds=options.seeds,
            device=options.device,
            folder=options.out or (RESULTS if options.budget == "full" else None),
        )
        verdict = REGISTRY[name].judge(result)
        print(f"{result.name}: {result.made}\n{verdict.ours}\n{verdict.sentence}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from lookclosely.experiments import REGISTRY, problems

    found = problems(REGISTRY)
    print("\n".join(found) or f"{len(REGISTRY)} results, all of today's configs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
