"""The Slurm script and the Kubernetes manifest of the guide, as far as they can be checked here."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml
from support.driver_process import ENVIRONMENT
from support.pages import ROOT, blocks

from hsm.training.cluster import cluster_of

PAGE = ROOT / "docs" / "guides" / "devices.md"
# What sbatch calls the options that the script has, and what their values look like.
_OPTIONS = {
    "job-name": r"[\w-]+",
    "nodes": r"\d+(-\d+)?",
    "ntasks-per-node": r"\d+",
    "gpus-per-node": r"([a-z]\w*:)?\d+",
    "cpus-per-task": r"\d+",
    "time": r"(\d+-)?\d\d:\d\d:\d\d",
    "requeue": "",
    "open-mode": "append|truncate",
    "output": r"[\w%.-]+",
}


@pytest.fixture(scope="module")
def script():
    (text,) = [text for text in blocks(PAGE, "sh") if "#SBATCH" in text]
    return text


@pytest.fixture(scope="module")
def documents():
    (text,) = blocks(PAGE, "yaml")
    return list(yaml.safe_load_all(text))


def sbatch_options(script):
    """The options of the #SBATCH lines that Slurm would read: those before the first command."""
    lines = iter(script.splitlines())
    assert next(lines).startswith("#!/bin/bash")
    found = {}
    for line in lines:
        if not line.startswith("#"):
            break
        option = re.fullmatch(r"#SBATCH --([a-z-]+)(?:=(\S+))?", line)
        assert option, line
        found[option[1]] = option[2] or ""
    assert script.count("#SBATCH") == len(found), "Slurm reads none behind the first command"
    return found


def test_the_slurm_script_is_one(script):
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    options = sbatch_options(script)
    for name, value in options.items():
        assert re.fullmatch(_OPTIONS[name], value), name
    assert options["ntasks-per-node"] == "1"


@pytest.mark.parametrize("line", ["#SBATCH -nodes 2", "#SBATCH --nodes = 2"])
def test_a_wrong_line_is_seen(line):
    with pytest.raises(AssertionError):
        sbatch_options(f"#!/bin/bash\n{line}\n")


def test_kubernetes_takes_the_manifest(documents):
    assert [document["kind"] for document in documents] == ["Service", "Job"]
    for document in documents:
        kubernetes_validate.validate(document, "1.37", strict=True)


def test_a_wrong_manifest_is_seen(documents):
    job = json.loads(json.dumps(documents[1]))
    job["spec"]["completion"] = job["spec"].pop("completions")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.37", strict=True)


def test_each_pod_finds_the_others(documents):
    service, job = documents
    template = job["spec"]["template"]["spec"]
    (container,) = template["containers"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert template["subdomain"] == service["metadata"]["name"]
    count = job["spec"]["completions"]
    for index in range(count):
        cluster = cluster_of({"TF_CONFIG": _tf_config(container, index)})
        hosts = [
            f"{job['metadata']['name']}-{n}.{template['subdomain']}:2222" for n in range(count)
        ]
        assert cluster.jobs == {"worker": hosts}
        assert cluster.own == hosts[index]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in template["volumes"]
    }


def _tf_config(container, index):
    """What the pod's shell makes of the variable of its number."""
    code = container["args"][0].replace("exec python", "exec echo")
    script = code.replace("exec echo", 'printf %s "$TF_CONFIG"; exit 0; echo')
    environment = {"JOB_COMPLETION_INDEX": str(index), "PATH": "/usr/bin:/bin"}
    command = [*container["command"], script]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def _commands(script, documents):
    (container,) = documents[1]["spec"]["template"]["spec"]["containers"]
    for text in (script, container["args"][0]):
        joined = text.replace("\\\n", " ")
        (line,) = [line for line in joined.splitlines() if "hsm.experiments" in line]
        yield shlex.split(line[line.index("python") :].split(" && ")[0])


@pytest.mark.slow
def test_their_commands_are_of_this_version(script, documents):
    """Up to the first thing that is missing here, which is the other machines."""
    for command in _commands(script, documents):
        assert command[:3] == ["python", "-m", "hsm.experiments.table1"]
        variables = {k: v for k, v in ENVIRONMENT.items() if not k.startswith("SLURM")}
        result = subprocess.run(
            [sys.executable, *command[1:]],
            env=variables,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        assert result.returncode == 1
        assert "expected the variable TF_CONFIG, or a step that Slurm's srun" in result.stderr
