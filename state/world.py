"""The world: every application, changed only inside a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType, TracebackType

from state import callbacks, rotation
from state.application import Application, Change, Credentials, Handler, Reaction, Rules
from state.clock import Clock, Source, wall_ms
from state.contents import Sizes
from state.documents import Identity
from state.errors import ApplicationExistsError, TooManyApplicationsError, UnknownApplicationError
from state.memory import ALL
from state.options import Options
from state.pace import paces
from state.resources import RESOURCES

Listener = Callable[[Change], None]


def _rules(handlers: dict[str, Handler], watchers: list[Reaction]) -> Rules:
    handlers.update({**rotation.HANDLERS, **callbacks.HANDLERS})
    delays = dict(rotation.DELAYS)
    reactions: dict[str, list[Reaction]] = {}
    for type_, reaction in rotation.REACTIONS.items():
        reactions.setdefault(type_, []).append(reaction)
    for kind in RESOURCES:
        handlers.update(kind.handlers)
        delays.update(kind.delays)
        for type_, reaction in kind.reactions.items():
            reactions.setdefault(type_, []).append(reaction)
    return Rules(
        MappingProxyType(handlers),
        MappingProxyType({type_: tuple(each) for type_, each in reactions.items()}),
        paces(delays),
        watchers,
        tuple(kind.type for kind in RESOURCES),
    )


class Unit:
    """A unit of work on one application: synchronous, therefore atomic in one process.

    Entering it applies every transition that is due; leaving it hands what changed to the world's listeners.
    Callers check before they change: an error inside leaves what was changed before it.
    """

    __slots__ = ("_app", "_world")

    def __init__(self, world: World, app: Application) -> None:
        self._world = world
        self._app = app

    def __enter__(self) -> Application:
        app = self._app
        app.settle(app.clock.now())
        return app

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        app, world = self._app, self._world
        if not app.is_changed:
            return
        world.weigh(app)
        change = app.take_change()
        if change is not None and world.find(app.id) is app:  # else it was deleted meanwhile
            world.publish(change)


class View:
    """A look at one application by who changes nothing: what is due by now and has not happened yet is left alone."""

    __slots__ = ("_app",)

    def __init__(self, app: Application) -> None:
        self._app = app

    def __enter__(self) -> Application:
        app = self._app
        app.now = max(app.now, app.clock.now())
        return app

    def __exit__(self, *error: object) -> None:
        if self._app.is_changed:
            raise RuntimeError(f"application {self._app.id} was changed by who was to look at it")


class World:
    """All applications. `source` is the time they start from, ms since the epoch; `sizes` how much is kept of each.

    `defaults` are the options of what is read from a document that does not say them, as an older one does not.
    `most` is how many there may be. `listeners` get each unit's change, `watchers` each event as it happens. `handlers`
    are what timers do, by action: more may be added before the world is used.
    """

    def __init__(
        self,
        *,
        source: Source = wall_ms,
        sizes: Sizes | None = None,
        defaults: Options | None = None,
        most: int = 10_000,
    ) -> None:
        self.listeners: list[Listener] = []
        self.publish: Listener = self.tell
        """Gets each unit's change first; a store makes it durable before everybody is told."""
        self._source = source
        self._sizes = sizes or Sizes()
        self.most = most
        self.defaults = defaults or Options()
        self.watchers: list[Reaction] = []
        self.handlers: dict[str, Handler] = {}
        self._rules = _rules(self.handlers, self.watchers)
        self._applications: dict[str, Application] = {}
        self._by_api_key: dict[str, Application] = {}
        self._weights: dict[str, int] = {}
        self._stuck_at = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[Application]:
        return iter(list(self._applications.values()))

    def __len__(self) -> int:
        return len(self._applications)

    def add(
        self, application_id: str, name: str, credentials: Credentials, options: Options, *, take: bool = False
    ) -> Application:
        """Make an application.

        Raises `ApplicationExistsError` when the id is taken, or the api key, unless it is to `take` that from another
        one, and `TooManyApplicationsError`, unless it was there already and is to `take` its place here.
        """
        if application_id in self._applications:
            raise ApplicationExistsError("id", application_id)
        if not take and len(self._applications) >= self.most:
            raise TooManyApplicationsError(self.most)
        if not take and credentials.api_key in self._by_api_key:
            raise ApplicationExistsError("apiKey", credentials.api_key)
        app = self._make(application_id, name, credentials, options)
        self._applications[app.id] = app
        self._by_api_key[credentials.api_key] = app
        app.touch(app)
        return app

    def beside(self, identity: Identity) -> Application:
        """Return an empty application of this identity, to be filled: nobody finds it; another one may `become` it."""
        return self._make(identity.id, identity.name, identity.credentials, identity.options)

    def _make(self, application_id: str, name: str, credentials: Credentials, options: Options) -> Application:
        clock = Clock(self._source)
        return Application(application_id, name, credentials, options, self._rules, clock=clock, sizes=self._sizes)

    def rekey(self, app: Application, credentials: Credentials, *, take: bool = False) -> None:
        """Give the application other credentials.

        Raises `ApplicationExistsError` when the api key is another's, unless it is to `take` it: that one gets others
        too.
        """
        if not take and self._by_api_key.get(credentials.api_key, app) is not app:
            raise ApplicationExistsError("apiKey", credentials.api_key)
        before = app.credentials.api_key
        if app.credentials != credentials:  # whoever compares by identity sees when nothing changed
            app.credentials = credentials
        self._by_api_key[credentials.api_key] = app
        if before != credentials.api_key:
            self._give_up(app, before)

    def find(self, project: str) -> Application | None:
        """Return the application with this id or api key, or None."""
        return self._applications.get(project) or self._by_api_key.get(project)

    def get(self, project: str) -> Application:
        """Return the application with this id or api key. Raises `UnknownApplicationError`."""
        app = self.find(project)
        if app is None:
            raise UnknownApplicationError(project)
        return app

    def remove(self, application_id: str) -> None:
        """Drop an application with all it has. Raises `UnknownApplicationError`."""
        app = self.get(application_id)
        self.forget(app)
        self.publish(Change(app.id, app.version + 1, {}, [], {(app.kind, app.id)}, reset=True))

    def forget(self, app: Application) -> None:
        """Drop an application without a word."""
        del self._applications[app.id]
        self.bytes -= self._weights.pop(app.id, 0)
        self._give_up(app, app.credentials.api_key)

    def _give_up(self, app: Application, api_key: str) -> None:
        """Let an api key be found no longer, or whom it was taken from, if that one still has it."""
        if self._by_api_key.get(api_key) is app:
            del self._by_api_key[api_key]
            found = (each for each in self._applications.values() if each.credentials.api_key == api_key)
            self._by_api_key.update((api_key, each) for each in found)

    # Memory

    def weigh(self, app: Application) -> None:
        """Note how many bytes are kept of an application, in its unit; where all take too many, some is given up.

        Others than this one give up only what no store has to learn of.
        """
        if self._applications.get(app.id) is not app:
            return
        self._weigh(app)
        if self.bytes > max(ALL, self._stuck_at):
            self._make_room(app)

    def _make_room(self, changing: Application) -> None:
        tried: set[str] = set()
        while self.bytes > ALL and len(tried) < len(self._weights):
            largest = max((each for each in self._weights if each not in tried), key=self._weights.__getitem__)
            before = self._weights[largest]
            found = self._applications[largest]
            found.give_up_old(everything=found is changing)
            self._weigh(found)
            if self._weights[largest] > before * 9 // 10:
                tried.add(largest)  # the rest of it is live, or refused where it is too much
        self._stuck_at = self.bytes * 21 // 20 if self.bytes > ALL else 0

    def _weigh(self, app: Application) -> None:
        taken = app.total_bytes
        self.bytes += taken - self._weights.get(app.id, 0)
        self._weights[app.id] = taken

    def tell(self, change: Change) -> None:
        """Tell everybody what a unit of work did."""
        for listener in self.listeners:
            listener(change)

    def unit(self, app: Application) -> Unit:
        """Return a unit of work on the application: `with world.unit(app) as app: …`."""
        return Unit(self, app)

    def view(self, app: Application) -> View:
        """Return a look at the application that settles and changes nothing: `with world.view(app) as app: …`."""
        return View(app)
