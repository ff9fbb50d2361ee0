"""The commands of the laboratory: `fairy lab ...`."""

from fairy.cli.lab.ablate import ablate, truth
from fairy.cli.lab.bench import bench
from fairy.cli.lab.eval import eval
from fairy.cli.lab.fullsize import fullsize
from fairy.cli.lab.study import gallery, study
from fairy.cli.lab.synth import synth
from fairy.cli.lab.track import track
from fairy.cli.options import Commands

app = Commands(name="lab", help="Measure, compare and study: what researchers do with edits.")
for command in (eval, bench, ablate, truth, fullsize, track, synth, study, gallery):
    app.offer(command)
