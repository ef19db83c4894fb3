"""The table that a change of the choice of objects is judged by.

    python -m benchmarks.generalisation --data ../shared/data           # all of it: hours
    python -m benchmarks.generalisation --data ../shared/data --thin    # every 4th frame, nouns

Finished sequences stay in ``--out`` and are not run again. Nothing of today's code is fitted on
these sequences by a script, so all of them count; fitted numbers have to leave out the group
that they are scored on (``group`` in the records).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.generalisation.run import SequenceResult, run_sequence
from benchmarks.generalisation.sequences import KINDS, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.generalisation.table import report
from car_video import load_model, load_preset
from car_video.models.sam.registry import load_mask_model

THIN_STEP = 4


def main() -> None:
    """Run what is not done yet, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("generalisation_car"))
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--thin", action="store_true", help="every 4th frame, nouns only")
    parser.add_argument("--step", type=int, default=1, help="every so many frames")
    parser.add_argument("--sequences", nargs="*", default=(), help="only these")
    options = parser.parse_args()
    step = THIN_STEP if options.thin else options.step
    kinds = ["noun"] if options.thin else options.kinds
    config = load_preset(options.preset)
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.proposer.device)
    shared = SharedFrames(model, sam, config.segment.sam.model)
    options.out.mkdir(parents=True, exist_ok=True)
    results = []
    for sequence in load_sequences(options.data, step):
        if options.sequences and sequence.name not in options.sequences:
            continue
        record = options.out / f"{sequence.name}.json"
        if record.is_file():
            result = SequenceResult.from_json(json.loads(record.read_text("utf-8")))
        else:
            result = run_sequence(sequence, kinds, shared, config)
            record.write_text(json.dumps(result.as_json(), indent=1) + "\n", "utf-8")
            line = " ".join(f"{a.kind} {a.target}: {a.jf:.3f}" for a in result.answers)
            print(f"{sequence.name}: {line}", flush=True)
        results.append(result)
    print()
    print(report(results, kinds))


if __name__ == "__main__":
    main()
