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
    place = run.add_mutually_exclusive_group()
    place.add_argument(
        "--out", type=Path, help="directory of the result (default: the package's, for full)"
    )
    place.add_argument(
        "--gpu-copy",
        action="store_true",
        help="measure it again on this GPU: the result is kept beside the package's, not in place",
    )
    run.set_defaults(run=_run)
    gpu = actions.add_parser("gpu", help="the tests and every experiment, again on this GPU")
    gpu.add_argument("--jobs", type=int, help="experiments at a time (default: what fits here)")
    gpu.add_argument("--seeds", type=int, default=3)
    gpu.add_argument("--no-tests", action="store_true", help="experiments only")
    gpu.add_argument("--logs", type=Path, default=Path("_build/gpu"), help="where the logs go")
    gpu.set_defaults(run=_gpu)
    check = actions.add_parser(
        "check", help="fail if a result is missing or of another config; list changed code"
    )
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
    from lookclosely.experiments import GPU_RESULTS, REGISTRY, RESULTS, execute

    if unknown := [name for name in options.names if name not in REGISTRY]:
        print(f"no experiment {unknown[0]!r}: choose from {', '.join(REGISTRY)}", file=sys.stderr)
        return 2
    if options.gpu_copy and (refusal := _no_gpu_copy(options)):
        print(refusal, file=sys.stderr)
        return 2
    default = GPU_RESULTS if options.gpu_copy else RESULTS if options.budget == "full" else None
    for name in options.names:
        result = execute(
            REGISTRY[name],
            budget=options.budget,
            seeds=options.seeds,
            device=options.device,
            folder=options.out or default,
            keep_weights=not options.gpu_copy,
        )
        verdict = REGISTRY[name].judge(result)
        print(f"{result.name}: {result.made}\n{verdict.ours}\n{verdict.sentence}")
    return 0


def _no_gpu_copy(options: argparse.Namespace) -> str:
    """Why this run can give no result of a GPU, or ""."""
    if options.budget != "full":
        return "--gpu-copy keeps results of the full budget: leave --budget out"
    if options.device == "cpu":
        return "--gpu-copy keeps results of a GPU: leave --device out"
    return _no_gpu()


def _no_gpu() -> str:
    import torch

    return "" if torch.cuda.is_available() else "torch finds no CUDA GPU on this machine"


def _gpu(options: argparse.Namespace) -> int:
    """Tests, experiments side by side, then those that measure times, one after the other."""
    if refusal := _no_gpu():
        print(refusal, file=sys.stderr)
        return 2
    from lookclosely.experiments import REGISTRY, RESULTS, load_gpu, on_gpu, report

    workers = options.jobs or on_gpu.here()
    names = on_gpu.left(REGISTRY, options.seeds)
    print(f"{len(names)} of {len(REGISTRY)} experiments are to be run, {workers} at a time")
    jobs = {name: on_gpu.experiment(name, options.seeds) for name in names}
    timings = [job for name, job in jobs.items() if on_gpu.is_timing(name)]
    others = [job for name, job in jobs.items() if not on_gpu.is_timing(name)]
    failed = [] if options.no_tests else on_gpu.run(on_gpu.tests(workers), 1, options.logs)
    failed += on_gpu.run(others, workers, options.logs) + on_gpu.run(timings, 1, options.logs)
    for name in REGISTRY:
        if name not in failed and load_gpu(name) and (RESULTS / f"{name}.json").exists():
            print(f"{name}: {report(name).gpu_line()}")
    print(f"failed: {', '.join(failed)}" if failed else "all done")
    return 1 if failed else 0


def _check(options: argparse.Namespace) -> int:
    from lookclosely.experiments import REGISTRY, changed_since, problems

    found = problems(REGISTRY)
    for change in changed_since(REGISTRY):  # no failure: whoever knows the change decides
        print(change)
    print("\n".join(found) or f"{len(REGISTRY)} results, all of today's configs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
