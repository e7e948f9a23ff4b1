"""What the launchers away from this machine share: adopt or create by name, follow, tell failures apart.

An orchestrator that died and came back adopts the worker that still runs instead of starting a second one. Its end deletes
nothing; only a run that was cancelled does. Retries belong to Dagster's retry policy alone.
"""

import dagster as dg
from dagster import open_pipes_session

from livecc_assets.core.redaction import redact
from livecc_assets.store.blobs import Blobs, open_blobs
from livecc_assets.store.writer import new_attempt
from resources.launchers.base import Job
from resources.launchers.client import Launcher
from resources.launchers.following import Follower, follow_to_end
from resources.launchers.identity import Context, message_prefix, worker_name
from resources.launchers.leaving import taken_along
from resources.launchers.pipes import StoreContextInjector, StoreMessageReader, nothing_to_do
from resources.launchers.place import Place
from resources.launchers.status import AlreadyThereError, Found, Status
from resources.launchers.watchers import watch


class RemoteLauncher(Launcher, Place):
    """Runs a job as a worker of its place."""

    def dispatch(self, context: Context, job: Job) -> dg.PipesClientCompletedInvocation:
        """Adopt or create, follow to the end, and leave nothing behind but what the store keeps."""
        self.say = context.log.warning
        self.check(job)
        blobs = open_blobs(job.root)
        found = self._to_adopt(job, blobs)
        if found is None and job.made and job.made():  # by a worker that ended a moment ago
            context.log.info(f"{job.name}: was made by another run's worker meanwhile")
            return nothing_to_do(context)
        attempt = found.attempt if found else new_attempt()
        name = worker_name(job)
        watch(context.instance, context.run.run_id, name, attempt)  # before there is a worker that nobody would know of
        prefix = message_prefix(job, attempt)
        reader = StoreMessageReader(blobs, prefix)
        with open_pipes_session(
            context=context,
            context_injector=StoreContextInjector(blobs, prefix, adopting=found is not None),
            message_reader=reader,
            extras=dict(job.extras),
        ) as session:
            with taken_along(self, context, job, name, attempt):
                worker = found or self._create(
                    job, name, attempt, dict(session.get_bootstrap_env_vars()), context.run.run_id
                )
                self.patiently(lambda: self.begin(job, worker))
                context.log.info(f"{job.name}: {self._what_was_done(name, found)}")
            status = follow_to_end(self, context, job, worker, blobs, f"{prefix}/log.txt")
        if status.state == "failed":
            self._unless_it_stands(context, job, worker, status, reader)
        self._clear(worker)
        kept = {"livecc/worker": f"{self.place} {name}", "livecc/log": f"{blobs.root}/{prefix}/log.txt"}
        return dg.PipesClientCompletedInvocation(session, metadata=kept)

    def _to_adopt(self, job: Job, blobs: Blobs) -> Found | None:
        """A worker that does this work already. One that has ended unattended is adopted for its messages, where these are
        all there is of a result and it succeeded; else it is buried."""
        name = worker_name(job)
        found = self.patiently(lambda: self.find(name))
        if found is None or not found.ended:
            return found
        ended, status = found, self.patiently(lambda: self.look(job, found))
        if status.state == "succeeded" and job.made is None:
            return ended
        self._bury(job, ended, status, blobs)
        return None

    def _what_was_done(self, name: str, adopted: Found | None) -> str:
        if adopted is None:
            return f"started {self.place} {name}"
        return f"adopted {self.place} {name}, which {'had ended well' if adopted.ended else 'still runs'}"

    def _unless_it_stands(
        self, context: Context, job: Job, worker: Found, status: Status, reader: StoreMessageReader
    ) -> None:
        """Raise the failure, unless the result is there all the same: another run may have cleared the worker away."""
        if job.made() if job.made else status.gone and reader.ended_well:
            stands = "its artifact stands" if job.made else "its messages are complete"
            context.log.info(f"{job.name}: {stands} ({status.news})")
            return
        left = self.patiently(lambda: self.find(worker.name))
        if left and left.id == worker.id and not left.ended:  # it would wait for its image, or for a lost peer
            self._clear(left)
        raise dg.Failure(f"{job.name}: {status.news}", allow_retries=not status.final)

    def _create(self, job: Job, name: str, attempt: str, environment: dict[str, str], run_id: str) -> Found:
        try:
            self.patiently(lambda: self.create(job, name, attempt, environment, run_id))
        except AlreadyThereError:
            raise dg.Failure(
                f"{job.name}: another run started {self.place} {name} at the same moment; run this again to adopt it"
            ) from None
        found = self.patiently(lambda: self.find(name))
        if found is None or found.attempt != attempt:
            raise dg.Failure(f"{job.name}: {self.place} {name} was deleted as soon as it was made; run this again")
        return found

    def _clear(self, worker: Found) -> None:
        """Delete what is not needed any more. What is in its way costs nobody a result."""
        try:
            self.patiently(lambda: self.delete(worker))
        except Exception as error:
            self.say(f"{self.place} {worker.name} is left over: {redact(str(error))}")

    def _bury(self, job: Job, ended: Found, status: Status, blobs: Blobs) -> None:
        """Tell how a worker ended that nobody may have watched, keep its output and make room for the next."""
        key = f"{message_prefix(job, ended.attempt)}/log.txt"
        follower = Follower(self, ended, shown=False)
        follower.start()
        follower.hear_out()
        follower.close(blobs, key)
        if status.state == "failed":
            where = f"{blobs.root}/{key}"
            self.say(f"{job.name}: an earlier {self.place} of this name had ended: {status.news}. Its log is {where}")
        self.patiently(lambda: self.delete(ended))
