"""The one interface of all launchers: Dagster's Pipes client (docs/design.md, "Launchers")."""

import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from livecc_assets.graph.settings import load_settings
from resources.launchers.base import Job, Needs
from resources.launchers.identity import Context, asset_of, key_of, partition_of


class Launcher(dg.PipesClient):
    """Runs a module as a worker, wherever the launcher's file says; see docs/launchers.md for an asset that does so.

    Use it as a resource: ``launcher: dg.ResourceParam[Launcher]``. Nothing is connected before the first worker.
    """

    #: What a worker of an (asset, module) needs where its caller does not say.
    needs_of: Callable[[str, str], Needs] = staticmethod(lambda asset, module: Needs())

    def run(  # pyright: ignore[reportIncompatibleMethodOverride] -- as Dagster's own clients name their arguments
        self,
        *,
        context: Context,
        extras: Mapping[str, Any] | None = None,
        module: str,
        needs: Needs | None = None,
        key: str | None = None,
        asset: str | None = None,
        partition: str | None = None,
        root: str | None = None,
        made: Callable[[], bool] | None = None,
    ) -> dg.PipesClientCompletedInvocation:
        """Block until ``python -m module`` has ended well; its reports are in what is returned.

        ``extras`` (JSON) are the worker's ``pipes.extras``. A worker away from this machine is named after ``root`` (the
        artifact store through which context and messages travel; LIVECC_ROOT), ``asset`` and ``partition`` (those of the
        step) and ``key`` (a hash of module and extras). One of that name that still runs is adopted, not started again.
        ``needs``: the launcher's file says them by default. ``made`` tells whether the result stands, where a worker's
        messages are not all of it.

        Raises ``dagster.Failure`` whose text says what went wrong and what to do. One that trying again cannot mend has
        ``allow_retries=False``; the others are the business of the step's retry policy, and of nobody else.
        """
        warnings.filterwarnings("ignore", category=dg.PreviewWarning, module="dagster")  # Dagster's sessions use one
        given, own = dict(extras or {}), partition_of(context)
        asset = asset or asset_of(context)
        partition = own if partition is None else partition
        shown = own or partition
        job = Job(
            name=f"{asset}[{shown}]" if shown else asset,
            module=module,
            asset=asset,
            partition=partition,
            key=key_of(module, given) if key is None else key,
            root=root or load_settings().root,
            extras=given,
            needs=needs or self.needs_of(asset, module),
            made=made,
        )
        return self.dispatch(context, job)

    @abstractmethod
    def dispatch(self, context: Context, job: Job) -> dg.PipesClientCompletedInvocation:
        """Run the job as :meth:`run` says."""
