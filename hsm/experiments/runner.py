"""One configuration → one trained model → one record. Resumes what was cut off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import tensorflow as tf

from hsm import records
from hsm.data.sources.source import ImageSource
from hsm.experiments import assemble, diagnostics, preparation
from hsm.experiments.config import RunConfig
from hsm.experiments.evaluator import Evaluator
from hsm.experiments.observer import Observer, look_away
from hsm.experiments.pretrained import RANDOM, Pretrained
from hsm.experiments.run_log import RunLog
from hsm.experiments.run_report import RunReport, duration, scores, title
from hsm.experiments.workspace import Workspace
from hsm.models import EmbeddingModel
from hsm.training.checkpoint import CheckpointFile
from hsm.training.loop import Trainer

_Prepare = Callable[[], float]


@dataclass(frozen=True)
class Runner:
    """Runs configurations on one source and writes their records.

    Attributes:
        source: the data.
        workspace: the output folder.
        pretrained: what the backbone starts from.
        say: told of progress, a line at a time.
        tensorboard: write event files and the projector's files beside the records.
        observe: shown the network at the start and after every epoch that is trained.
    """

    source: ImageSource
    workspace: Workspace
    pretrained: Pretrained = RANDOM
    say: Callable[[str], None] = print
    tensorboard: bool = False
    observe: Observer = look_away

    def __post_init__(self) -> None:
        records.commit()

    def run(self, config: RunConfig) -> dict[str, Any]:
        """The record of `config`: read if it is there, else trained, from where it was cut off.

        Raises:
            ValueError: if record or state is there, but of other images or weights.
        """
        record = self.workspace.record(config)
        weights = assemble.weights_sha256(config, self.pretrained)
        if record is not None:
            self._check_same_data(record, weights)
            self.say(f"{title(config)}: recorded already, {config.name}")
            self._diagnose(config)
            self._log_end(config, record)
            return record
        started = _now()
        model: EmbeddingModel | None = None
        if config.is_pretrained:
            record = self._evaluate_pretrained(config)
        else:
            record, model = self._train(config, weights)
        record["provenance"] = records.provenance(
            started=started, finished=_now(), weights_sha256=weights, gpus=_gpus()
        )
        records.write(record, self.workspace.records_dir)
        self._diagnose(config, model)
        self._log_end(config, record, model)
        return record

    def _check_same_data(self, record: dict[str, Any], weights: str | None) -> None:
        if record["provenance"].get("weights_sha256", weights) != weights:
            raise ValueError(
                f"the record {record['name']} in {self.workspace.records_dir} started from other "
                "weights than those given now, which have the same name: use another "
                "--output_dir, or delete that record and its state"
            )
        if record["data"]["checksum"] != self.source.checksum():
            raise ValueError(
                f"the record {record['name']} in {self.workspace.records_dir} is of other images "
                f"than those of "
                f"{self.source.name} now: use another --output_dir, or delete that record and its "
                f"state"
            )

    def _diagnose(self, config: RunConfig, model: EmbeddingModel | None = None) -> None:
        """Write the CSV files beside the record, unless they are there or the weights are gone.

        Args:
            config: of the run.
            model: its trained network; None reads the weights that it saved.
        """
        stem = self.workspace.records_dir / config.name
        if config.is_pretrained:
            if not diagnostics.exist(stem, diagnostics.FEATURE_KINDS):
                diagnostics.write(self._pretrained_evaluator(config), stem, model=None)
        elif not diagnostics.exist(stem) and self.workspace.checkpoint(config).exists():
            if model is None:
                model, _ = assemble.load_model(self.workspace.run_dir(config))
            diagnostics.write(self._evaluator(model, config), stem, model=model)

    def _log(self, config: RunConfig) -> RunLog | None:
        return RunLog(self.workspace.tensorboard_dir(config)) if self.tensorboard else None

    def _log_end(
        self, config: RunConfig, record: dict[str, Any], model: EmbeddingModel | None = None
    ) -> None:
        """Write for TensorBoard what a run began without it lacks, and the final embeddings."""
        log = self._log(config)
        if log is None:
            return
        log.past(record["epochs"], record["evaluations"])
        epoch = record["final"]["epoch"]
        if log.has_projector:
            return
        if config.is_pretrained:
            log.project(self._pretrained_evaluator(config), epoch)
        elif model is not None or self.workspace.checkpoint(config).exists():
            model = model or assemble.load_model(self.workspace.run_dir(config))[0]
            log.weights(model, epoch)
            log.project(self._evaluator(model, config), epoch)

    def _evaluator(
        self, model: EmbeddingModel, config: RunConfig, log: RunLog | None = None
    ) -> Evaluator:
        logits = model.logits if config.is_classification else None
        embedded = None if log is None else log.embedded
        return Evaluator(model.features, self.source, config, logits=logits, embedded=embedded)

    def _pretrained_evaluator(self, config: RunConfig) -> Evaluator:
        if self.pretrained == RANDOM:
            raise ValueError("the method pretrained needs a backbone that starts from a file")
        backbone = assemble.build_pretrained(config, self.pretrained)
        return Evaluator(backbone, self.source, config)

    def _evaluate_pretrained(self, config: RunConfig) -> dict[str, Any]:
        evaluation = {"epoch": 0, **self._pretrained_evaluator(config).score()}
        self.say(f"{title(config)}: {scores(evaluation, config)}")
        return self._record(config, [], [evaluation])

    def _train(
        self, config: RunConfig, weights: str | None
    ) -> tuple[dict[str, Any], EmbeddingModel]:
        num_classes = self.source.train.num_classes
        model = assemble.build_model(config, num_classes, pretrained=self.pretrained)
        log = self._log(config)
        evaluator = self._evaluator(model, config, log)
        report = RunReport(config, self.say, model=model, log=log)
        score = report.watched(evaluator)
        observe = functools.partial(self.observe, config, model=model, evaluator=evaluator)

        def evaluate(epoch: int) -> dict[str, Any] | None:
            observe(epoch)
            return score(epoch)

        def prepare() -> float:
            seconds = preparation.prepare(model, evaluator)
            observe(0)
            return seconds

        trainer = Trainer(
            assemble.build_step(config, model),
            assemble.training_data(config, self.source),
            schedule=config.schedule,
            evaluate=evaluate,
            on_epoch=report.epoch,
            origin={"images": self.source.checksum(), "weights": weights},
        )
        self._train_resumed(config, trainer, report=report, prepare=prepare)
        record = self._record(config, trainer.epochs, trainer.evaluations)
        record["seconds"]["prepare"] = trainer.preparation_seconds
        return record, model

    def _train_resumed(
        self, config: RunConfig, trainer: Trainer, *, report: RunReport, prepare: _Prepare
    ) -> None:
        # Up to the switch the state is shared with other runs.
        files = (
            CheckpointFile(self.workspace.trunk_checkpoint(config), config.epochs),
            CheckpointFile(self.workspace.checkpoint(config), config.total_epochs),
        )
        is_resumed = trainer.resume(files)
        if is_resumed:
            report.resumed(trainer)
        # Not before other weights of the same name were refused.
        names = self.source.train.class_names
        self.workspace.write_model_card(config, names, file=self.pretrained.file)
        if not is_resumed:
            trainer.preparation_seconds = prepare()
        if not is_resumed and config.is_prepared:
            trainer.save(files[0].path)
            took = duration(trainer.preparation_seconds)
            self.say(f"{title(config)}: prepared  ({took})")
        trainer.train_files(files)

    def _record(
        self,
        config: RunConfig,
        epochs: list[dict[str, Any]],
        evaluations: list[dict[str, Any]],
    ) -> dict[str, Any]:
        final = evaluations[-1]
        switch = next((e for e in evaluations if e["epoch"] == config.switch_epoch), None)
        first_own = config.epochs if config.is_heated and not config.is_gradual else -1
        best = records.best_evaluation(evaluations, after_epoch=first_own)
        unnormalized = final.get("unnormalized")
        return {
            "schema": records.SCHEMA,
            "name": config.name,
            "method": config.method,
            "seed": config.seed,
            "config": config.to_json(),
            "data": _data(self.source),
            "seconds": {
                "train": sum(e["seconds"] for e in epochs),
                "evaluate": sum(e["seconds"] for e in evaluations),
            },
            "switch_epoch": config.switch_epoch,
            "epochs": epochs,
            "evaluations": [_metrics(e) for e in evaluations],
            "final": _metrics(final),
            "best": _metrics(best),
            "switch": switch and _metrics(switch),
            "unnormalized": unnormalized and {"epoch": final["epoch"], **_metrics(unnormalized)},
            "hits": {"final": final["hits"], "switch": switch and switch["hits"]},
        }


def _data(source: ImageSource) -> dict[str, Any]:
    splits = {"train": source.train, "test": source.test, "gallery": source.gallery}
    counts = {
        name: {"images": len(split), "classes": split.num_classes}
        for name, split in splits.items()
        if split is not None
    }
    return {
        "name": source.name,
        "checksum": source.checksum(),
        **counts,
        "skipped": list(source.skipped),
        "excluded_singletons": list(source.excluded_singletons),
        "excluded_seen": list(source.excluded_seen),
    }


def _metrics(evaluation: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in evaluation.items() if key not in ("hits", "unnormalized")}


def _gpus() -> list[str]:
    """Names of the GPUs that TensorFlow uses."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [str(detail.get("device_name", "GPU")) for detail in details]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
