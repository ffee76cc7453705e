"""One configuration → one trained model → one record. Resumes what was cut off."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import tensorflow as tf

from hsm import records
from hsm.data.sources.source import ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.config.initial_weights import RANDOM, InitialWeights
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.runs import build, diagnostics, environment, preparation, same_data
from hsm.experiments.runs.console_log import ConsoleLog, summary, title
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.made_with import made_with
from hsm.experiments.runs.observer import Observer
from hsm.experiments.runs.recording import make_record
from hsm.experiments.runs.tensorboard_log import TensorBoardLog
from hsm.experiments.runs.workspace import Workspace
from hsm.models import EmbeddingModel
from hsm.progress import LINE, duration, report
from hsm.records import Provenance
from hsm.training.checkpoint import CheckpointFile
from hsm.training.collapse import CollapseWatch
from hsm.training.devices import Devices
from hsm.training.loop import Trainer
from hsm.training.progress import read_progress

_Prepare = Callable[[], float]


@dataclass(frozen=True)
class Runner:
    """Runs configurations on one source and writes their records.

    Attributes:
        source: the data.
        workspace: the output folder.
        initial_weights: what the backbone starts from.
        report: told of what should stay on the screen, a line at a time.
        tensorboard: write event files and the projector's files beside the records.
        observe: shown the network at the start and after every trained epoch; None: nobody is.
        scored: told of the configuration after every scoring, when its checkpoint is written.
        verbose: say a line for every epoch and evaluation, not only one for a run.
        devices: where networks train and embed. Of several workers, each of which runs the same,
            only the chief writes; all read the one output folder.
    """

    source: ImageSource
    workspace: Workspace
    initial_weights: InitialWeights = RANDOM
    report: Callable[[str], None] = report
    tensorboard: bool = False
    observe: Observer | None = None
    scored: Callable[[RunConfig], None] = lambda config: None
    verbose: bool = False
    devices: Devices = field(default_factory=Devices)

    def __post_init__(self) -> None:
        records.commit()

    def run(self, config: RunConfig) -> RunRecord:
        """Return the record of `config`: read, or trained from where it was cut off.

        Raises:
            ValueError: if record or state is there, but of other images or weights.
        """
        try:
            with LINE.titled(title(config)):
                return self._run(config)
        except Exception:
            raise
        except BaseException as error:  # Ctrl-C and the like.
            error.add_note(self._kept(config))
            raise

    def _kept(self, config: RunConfig) -> str:
        """Return what an interruption leaves of a run, in words."""
        for path in (self.workspace.checkpoint(config), self.workspace.shared_checkpoint(config)):
            with contextlib.suppress(OSError, ValueError):  # Not there, or damaged.
                epoch = read_progress(path)["epoch"]
                return (
                    f"{title(config)} is saved after epoch {epoch} and what was begun of the next: "
                    "the same command goes on from there"
                )
        return f"nothing of {title(config)} is saved yet; what was finished before it is"

    def _run(self, config: RunConfig) -> RunRecord:
        self.devices.meet()  # The chief may still be writing what was run before.
        record = self.workspace.record(config)
        weights = build.weights_sha256(config, self.initial_weights)
        if record is not None:
            same_data.check(record, self.source, weights, self.workspace.records_dir)
            self.report(f"{title(config)}: recorded already, {config.name}")
            self._finish(config, record)
            return record
        started = _now()
        model: EmbeddingModel | None = None
        results: dict[str, Any]
        if config.is_pretrained:
            results = self._evaluate_pretrained(config)
        else:
            results, model = self._train(config, weights)
        trained_with = results.pop("trained_with", ())
        provenance = self._provenance(started, weights)
        if len(trained_with) > 1:
            provenance = replace(provenance, trained_with=tuple(trained_with))
        record = make_record(config, self.source, **results, provenance=provenance)
        if self.devices.is_chief:
            records.write(record, self.workspace.records_dir)
        self.report(summary(record))
        self._finish(config, record, model)
        return record

    def _finish(
        self, config: RunConfig, record: RunRecord, model: EmbeddingModel | None = None
    ) -> None:
        """Write what stands beside a record, unless it is there."""
        if self.devices.workers > 1:
            model = None  # Its embeddings would need all workers; the chief reads the weights.
        if self.devices.is_chief:
            self._diagnose(config, model)
            self._log_end(config, record, model)

    def _diagnose(self, config: RunConfig, model: EmbeddingModel | None = None) -> None:
        """Write the CSV files beside the record, unless they are there or the weights are gone.

        Args:
            config: of the run.
            model: its trained network; None reads the weights that it saved.
        """
        stem = self.workspace.records_dir / config.name
        if diagnostics.exist(stem):
            return
        if config.is_pretrained:
            diagnostics.write(self._pretrained_evaluator(config), stem)
        elif self.workspace.checkpoint(config).exists():
            if model is None:
                model, _ = build.load_model(self.workspace.run_dir(config))
                evaluator = Evaluator(model.features, self.source, config)
            else:
                evaluator = self._evaluator(model, config)
            diagnostics.write(evaluator, stem)

    def _log(self, config: RunConfig) -> TensorBoardLog | None:
        is_logged = self.tensorboard and self.devices.is_chief
        return TensorBoardLog(self.workspace.tensorboard_dir(config)) if is_logged else None

    def _log_end(
        self, config: RunConfig, record: RunRecord, model: EmbeddingModel | None = None
    ) -> None:
        """Write for TensorBoard what a run began without it lacks, and the final embeddings."""
        log = self._log(config)
        if log is None:
            return
        log.past(record.epochs, record.evaluations)
        epoch = record.final.epoch
        if log.has_projector:
            return
        if config.is_pretrained:
            log.project(self._pretrained_evaluator(config), epoch)
        elif model is not None or self.workspace.checkpoint(config).exists():
            if model is None:
                model, _ = build.load_model(self.workspace.run_dir(config))
                evaluator = Evaluator(model.features, self.source, config)
            else:
                evaluator = self._evaluator(model, config)
            log.weights(model, epoch)
            log.project(evaluator, epoch)

    def _evaluator(
        self, model: EmbeddingModel, config: RunConfig, log: TensorBoardLog | None = None
    ) -> Evaluator:
        logits = model.logits if config.is_classification else None
        embedded = None if log is None else log.embedded
        return Evaluator(
            model.features,
            self.source,
            config,
            logits=logits,
            embedded=embedded,
            devices=self.devices,
        )

    def _pretrained_evaluator(self, config: RunConfig) -> Evaluator:
        if self.initial_weights == RANDOM:
            raise ValueError(
                "expected a backbone that starts from a file for the method pretrained. Received: "
                "random weights"
            )
        backbone = build.build_initial_backbone(config, self.initial_weights)
        return Evaluator(backbone, self.source, config)

    def _evaluate_pretrained(self, config: RunConfig) -> dict[str, Any]:
        """Return what the record of the run is made of."""
        evaluation = {"epoch": 0, **self._pretrained_evaluator(config).score()}
        return {"epochs": [], "evaluations": [evaluation], "seconds": {}}

    def _train(
        self, config: RunConfig, weights: str | None
    ) -> tuple[dict[str, Any], EmbeddingModel]:
        """Return what the record of the run is made of, and its trained network."""
        build.check_batches(config, self.source, self.devices)
        num_classes = self.source.train.num_classes
        model = build.build_model(
            config, num_classes, initial_weights=self.initial_weights, devices=self.devices
        )
        log = self._log(config)
        evaluator = self._evaluator(model, config, log)
        console = ConsoleLog(config, self.report, model=model, log=log, verbose=self.verbose)
        score = console.watched(evaluator)

        def observe(epoch: int) -> None:
            if self.observe is not None:
                self.observe(config, epoch, model=model, evaluator=evaluator)

        def evaluate(epoch: int) -> dict[str, Any] | None:
            observe(epoch)
            return score(epoch)

        def prepare() -> float:
            seconds = preparation.prepare(model, evaluator)
            observe(0)
            return seconds

        train = self.source.train
        embed = functools.partial(evaluator.embed, train, batch_size=config.batch_size)
        data = build.training_data(
            config, self.source, self.devices.share, embed=lambda: embed()[0]
        )
        if self.devices.is_chief:
            data = CollapseWatch(data, model.backbone, console.collapse).data
        trainer = Trainer(
            build.build_step(config, model, self.devices),
            build.labelled(config, self.source, data, self.devices.share),
            schedule=config.schedule,
            evaluate=evaluate,
            on_epoch=console.epoch,
            on_evaluation=lambda _: self.scored(config),
            on_step=console.step,
            origin=same_data.origin(self.source, weights),
        )
        self._train_resumed(config, trainer, console=console, prepare=prepare)
        results = {"epochs": trainer.epochs, "evaluations": trainer.evaluations}
        seconds = {"prepare": trainer.preparation_seconds}
        return {**results, "seconds": seconds, "trained_with": trainer.made_with}, model

    def _train_resumed(
        self, config: RunConfig, trainer: Trainer, *, console: ConsoleLog, prepare: _Prepare
    ) -> None:
        # Up to the switch the state is shared with other runs.
        files = (
            CheckpointFile(self.workspace.shared_checkpoint(config), config.epochs),
            CheckpointFile(self.workspace.checkpoint(config), config.total_epochs),
        )
        is_resumed = trainer.resume(files)
        self.devices.check_alike(trainer.place, "the state in the output folder")
        trainer.continue_with(made_with(self._provenance(_now()).to_json()))
        if is_resumed:
            console.resumed(trainer)
        # Not before other weights of the same name were refused.
        names = self.source.train.class_names
        if self.devices.is_chief:
            self.workspace.write_run_file(config, names, file=self.initial_weights.file)
        if not is_resumed:
            trainer.preparation_seconds = prepare()
        if not is_resumed and config.is_prepared:
            trainer.save(files[0].path)
            took = duration(trainer.preparation_seconds)
            if self.verbose:
                self.report(f"{title(config)}: prepared  ({took})")
        trainer.train_files(files)

    def _provenance(self, started: str, weights_sha256: str | None = None) -> Provenance:
        return records.provenance(
            started=started,
            finished=_now(),
            weights_sha256=weights_sha256,
            gpus=_gpus(),
            environment={**environment.describe(), **self.devices.describe()},
        )


def _gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow uses."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [str(detail.get("device_name", "GPU")) for detail in details]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
