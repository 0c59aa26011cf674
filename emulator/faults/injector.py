"""Faults around the service's work: asks the application's rules, and has those carried out that fire.

An application without rules costs one look before authentication, one before the handler, and one after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
from starlette.responses import Response

from emulator.auth import rest_tokens
from emulator.context import RequestContext
from emulator.faults.targets import CallbackTarget, RequestTarget
from emulator.spec.responses import ErrorBody
from scenarios import magic
from scenarios.targets import ARRIVAL, CALLBACK, SERVICE
from state.application import Application
from state.events import Event
from state.outbox import UNDISTORTED, Distortion
from state.world import World

if TYPE_CHECKING:
    from emulator.faults.execution import FaultExecution
    from emulator.store.base import Store
    from scenarios.engine import Faults, Match
    from scenarios.outcomes import Outcomes
    from scenarios.rules import Fault
    from scenarios.targets import Names
    from state.snapshots import Parsed

REQUEST_HEADER = "X-Emulator-Fault-Request"
_HEADER = REQUEST_HEADER.lower().encode()


class FaultInjector:
    """Lets faults happen in one world. What it needs is imported when the first fault is written."""

    def __init__(
        self,
        world: World,
        store: Store,
        stopping: asyncio.Event,
        known_names: Callable[[], Names],
        default: str = "",
    ) -> None:
        """Prepare; `known_names` returns what rules may name.

        `default` is the application of tokens that name none, if there is one.
        """
        self._known_names = known_names
        self._world = world
        self._store = store
        self._stopping = stopping
        self._default = default
        self._outcomes: Outcomes | None = None
        world.watchers.append(self.watch)

    # Faults of applications

    @property
    def names(self) -> Names:
        """What rules may name."""
        return self._made().names

    def of(self, app: Application) -> Faults:
        """Return the application's faults, made when it has none."""
        return cast("Faults", app.faults) if app.faults is not None else self._made().faults(app)

    def restore(self, app: Application, dumped: Mapping[str, Any]) -> None:
        """Replace the application's rules with those of a snapshot (`Faults.dump`) or of another process."""
        from scenarios.engine import Faults

        faults = Faults.load(self.names, dumped)
        if isinstance(app.faults, Faults):
            faults.previous = app.faults.previous  # answers that were given here are kept nowhere else
        app.faults = faults

    def read(self, parsed: Parsed) -> Generator[None, None, Faults | None]:
        """Return the faults of a snapshot, step by step.

        Raises `RuleError` for what is wrong with them, or with the snapshot's timers.
        """
        from scenarios import stored
        from scenarios.engine import Faults
        from scenarios.strict import RuleError

        kept = faults = None
        if parsed.faults is not None:
            try:
                kept = yield from stored.check(parsed.faults)
                faults = yield from Faults.load_in_steps(self.names, parsed.faults)
            except RuleError as error:
                raise error.below("faults") from None
        for index, timer in enumerate(parsed.of("timer")):
            yield
            try:
                if timer.action not in self._world.handlers:
                    raise RuleError(f"nothing is known of {timer.action}", ("action",))
                if timer.action.startswith("fault."):
                    stored.check_timer(kept, timer.action, timer.subject, parsed.ids)
            except RuleError as error:
                raise error.below("timer", index) from None
        return faults

    def prepare(self) -> None:
        """Import and register what timers and rules of a store need."""
        self._made()

    def _made(self) -> Outcomes:
        if self._outcomes is None:
            from scenarios import outcomes, timeline

            self._outcomes = outcomes.Outcomes(self._known_names())
            self._world.handlers.update(outcomes.HANDLERS)
            self._world.handlers.update(timeline.HANDLERS)
        return self._outcomes

    def watch(self, app: Application, event: Event) -> None:
        """Watch an event: rules and magic values plan what becomes of the new resource."""
        if app.faults is None:
            if event.type not in magic.BEGINNINGS or app.options.magic_values == "off":
                return
            if next(magic.values_of(event.record), None) is None:
                return
        self._made().watch(app, event)

    def distortion(self, app: Application, webhook: str, event: Event, body: bytes) -> Distortion:
        """Return what rules do to a callback that is about to be posted; they count their hits.

        `webhook` is its kind (`archive_status` …), `event` what it tells.
        """
        if app.faults is None:
            return UNDISTORTED
        faults = cast("Faults", app.faults)
        if not faults.has(CALLBACK, webhook):
            return UNDISTORTED
        matched = faults.callback_effects(CallbackTarget(app, webhook, event, body))
        effects: dict[str, Any] = {name: effect for match in matched for name, effect in match.effects.items()}
        if not effects:
            return UNDISTORTED
        late = effects.get("callbackReordered") or effects.get("callbackDelayed")
        unsigned, forged = "callbackUnsigned" in effects, "callbackBadlySigned" in effects
        return Distortion(
            fault=", ".join(match.fault.name for match in matched),
            lost="callbackLost" in effects,
            delay=int(late.seconds * 1000) if late else 0,
            copies=effects["callbackDoubled"].times if "callbackDoubled" in effects else 1,
            behind_next="callbackReordered" in effects,
            signature="none" if unsigned else "wrong" if forged else "valid",
        )

    # Requests

    def read_header(self, context: RequestContext) -> Response | None:
        """Read the effect in the request's own header into the context; return a 400 when it is not valid."""
        written = context.headers.first.get(_HEADER)
        return None if written is None else self._want(context, written.decode("latin-1"))

    def before_auth(self, context: RequestContext) -> FaultExecution | None:
        """Return the rules that fire before authentication; None where none does."""
        app, wanted = context.held, context.wanted
        if app is None or (wanted is None and app.faults is None):
            return None
        if wanted is not None and wanted.position != "before":
            wanted = None
        faults = self.of(app)
        if wanted is None and not faults.has(ARRIVAL, context.exchange.operation):
            return None
        target = RequestTarget(app, context)
        matched = self._fire(app, faults, ARRIVAL, target, wanted)
        if wanted is not None:
            context.wanted = None
        if not matched:
            return None
        return self._execution(faults, app, context, target, matched)

    def around_handler(self, context: RequestContext, app: Application) -> FaultExecution | None:
        """Return the rules that fire around the handler of an authenticated request; None where none does."""
        if app.faults is None and context.wanted is None:
            return None
        faults = self.of(app)
        target = RequestTarget(app, context)
        matched = self._fire(app, faults, SERVICE, target, context.wanted)
        if not matched and not faults.packs and not faults.reads_stale:
            faults.applied.clear()
            return None
        return self._execution(faults, app, context, target, matched)

    def after_handler(self, context: RequestContext, app: Application, response: Response) -> Response:
        """Return the response with the names of the rules that planned what becomes of what it started."""
        if app.faults is None or not (faults := self.of(app)).applied:
            return response
        execution = self._execution(faults, app, context, RequestTarget(app, context), [])
        execution.take_applied()
        return execution.named(response)

    def _fire(
        self, app: Application, faults: Faults, stage: str, target: RequestTarget, wanted: Fault | None
    ) -> list[Match]:
        """Let the fault that the request asks for fire, then the rules of a stage.

        Time and a resource's state are those of now.
        """
        matched: list[Match] = []
        if wanted is not None:
            from scenarios.engine import Match

            wanted.hits += 1
            matched.append(Match(wanted, wanted.effects))
        if not faults.has(stage, target.operation):
            return matched
        taken = wanted.kinds if wanted is not None else ()
        due, now = app.timeline.next_due(), app.clock.now()
        if due is not None and due <= now:
            with self._world.unit(app):
                return matched + faults.ask(stage, target, taken)
        app.now = now
        return matched + faults.ask(stage, target, taken)

    def _execution(
        self,
        faults: Faults,
        app: Application,
        context: RequestContext,
        target: RequestTarget,
        matched: list[Match],
    ) -> FaultExecution:
        from emulator.faults.execution import FaultExecution

        execution = FaultExecution(self._world, self._store, self._stopping, faults, app, context, target, matched)
        context.executions += (execution,)
        return execution

    def claimed(self, context: RequestContext) -> Application | None:
        """Return the application that the token names, unverified, for paths without a project id; None without rules.

        Without a token it is the default application.
        """
        if self._outcomes is None:
            return None
        return self._world.find(rest_tokens.claimed_project(context.headers) or self._default)

    def _want(self, context: RequestContext, written: str) -> Response | None:
        from scenarios.rules import Fault, read_rule
        from scenarios.strict import RuleError

        try:
            data = {**_rule_of_header(written), "when": {"operation": context.exchange.operation}}
            then = data["then"]
            for effect in then if isinstance(then, Mapping) else (str(then),):
                if effect == "staleRead" or effect.startswith("callback"):
                    raise RuleError(f"{effect} is not about this request alone", ("then",), "write a rule")
            rule = read_rule(data, self.names)
            context.wanted = Fault(rule, data, "request", 0, 0, self.names)
        except RuleError as error:
            return ErrorBody(400, f"{REQUEST_HEADER}: {error}").response()
        return None


def _rule_of_header(written: str) -> dict[str, Any]:
    """Read an effect's name, a mapping of effects as JSON, or an object of `then` and `position`."""
    if not written.startswith("{"):
        return {"then": written.strip()}
    from scenarios.strict import RuleError, require_writable
    from state.spelling import did_you_mean

    try:
        content = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        raise RuleError(f"is not JSON: {error}") from None
    require_writable(content)
    if "then" not in content:
        return {"then": content}
    for key in content:
        if key not in ("then", "position"):
            raise RuleError(f"there is no such key: {key}", (key,), did_you_mean(key, ("then", "position")), key=True)
    return dict(content)
