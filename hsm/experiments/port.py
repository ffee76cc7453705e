"""The former name of `caffe_port`, kept for a version."""

from __future__ import annotations

from hsm.experiments import caffe_port
from hsm.experiments.cli.app import run

if __name__ == "__main__":
    run(caffe_port.main, module="hsm.experiments.caffe_port", doc=caffe_port.__doc__ or "")
