"""Faults around the service's work: asks the application's rules and carries out what they do to the response.

`before` the service, then its work, `after` it. An application without rules costs one look at each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.auth import rest_tokens
from emulator.context import RequestContext
from emulator.faults.targets import CallbackTarget, RequestTarget
from emulator.resources.registry import PARAMETERS
from emulator.spec.responses import ErrorBody
from scenarios import magic
from scenarios.targets import CALLBACK, GATE, SERVICE
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
_ASKED_FOR = REQUEST_HEADER.lower().encode()

Work = Callable[[], Awaitable[Response]]
Serve = Callable[[Request, RequestContext], Awaitable[Response]]


class FaultInjector:
    """Lets faults happen in one world. What it needs is imported when the first fault is written."""

    def __init__(self, world: World, store: Store, default: str = "") -> None:
        """Prepare; `default` is the application of tokens that name none, if there is one."""
        self._world = world
        self._store = store
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

    def check(self, parsed: Parsed) -> None:
        """Raise `RuleError` for what is wrong with the faults of a snapshot, or with its timers."""
        from scenarios import stored
        from scenarios.engine import Faults
        from scenarios.strict import RuleError

        faults = None
        if parsed.faults is not None:
            try:
                faults = stored.check(parsed.faults)
                Faults.load(self.names, parsed.faults)
            except RuleError as error:
                raise error.below("faults") from None
        for index, timer in enumerate(parsed.of("timer")):
            try:
                if timer.action not in self._world.handlers:
                    raise RuleError(f"nothing is known of {timer.action}", ("action",))
                if timer.action.startswith("fault."):
                    stored.check_timer(faults, timer.action, timer.subject, parsed.ids)
            except RuleError as error:
                raise error.below("timer", index) from None

    def prepare(self) -> None:
        """Import and register what timers and rules of a store need."""
        self._made()

    def _made(self) -> Outcomes:
        if self._outcomes is None:
            from scenarios import outcomes, timeline

            self._outcomes = outcomes.Outcomes(known_names())
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

    # Calls

    async def before_auth(self, request: Request, context: RequestContext, serve: Serve) -> Response:
        """Return what `serve` returns, or the response of a rule that takes effect before authentication."""
        for name, value in context.exchange.headers:
            if name == _ASKED_FOR:
                refusal = self._want(context, value.decode("latin-1"))
                if refusal is not None:
                    return refusal
        app, wanted = context.held, context.wanted
        if app is None or (wanted is None and app.faults is None):
            return await serve(request, context)
        if wanted is not None and wanted.position != "before":
            wanted = None
        faults = self.of(app)
        if wanted is None and not faults.has(GATE, context.exchange.operation):
            return await serve(request, context)
        target = RequestTarget(app, context)
        matched = self._fire(app, faults, GATE, target, wanted)
        if wanted is not None:
            context.wanted = None
        if not matched:
            return await serve(request, context)
        run = self._run(faults, app, context, request, target)
        response = await run.before_auth(matched, lambda: serve(request, context))
        context.app = context.app or app
        return response

    async def around_handler(self, app: Application, context: RequestContext, request: Request, work: Work) -> Response:
        """Return what `work` returns for an authenticated request, with what the rules do to it."""
        if app.faults is None and context.wanted is None:
            response = await work()
            if app.faults is None:
                return response
            return self._run(self.of(app), app, context, request, RequestTarget(app, context)).applied(response)
        faults = self.of(app)
        target = RequestTarget(app, context)
        matched = self._fire(app, faults, SERVICE, target, context.wanted)
        if not matched and not faults.packs and not faults.reads_stale:
            faults.applied.clear()
            response = await work()
            if not faults.applied:
                return response
            return self._run(faults, app, context, request, target).applied(response)
        return await self._run(faults, app, context, request, target).around_handler(matched, work)

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

    def _run(
        self, faults: Faults, app: Application, context: RequestContext, request: Request, target: RequestTarget
    ) -> FaultExecution:
        from emulator.faults.execution import FaultExecution

        return FaultExecution(self._world, self._store, faults, app, context, request, target)

    def claimed(self, request: Request) -> Application | None:
        """Return the application that the token names, unverified, for paths without a project id; None without rules.

        Without a token it is the default application.
        """
        if self._outcomes is None:
            return None
        return self._world.find(rest_tokens.claimed_project(request.headers) or self._default)

    def _want(self, context: RequestContext, written: str) -> Response | None:
        """Read the effect in the request's own header into the context; return a 400 when it is not valid."""
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


def known_names() -> Names:
    """Return what rules may name: the operations, their tags, the kinds of callbacks."""
    from emulator.auth.client_tokens import ROLES
    from emulator.callbacks.bodies import CALLBACK_TYPES
    from emulator.spec.operations import OPERATIONS
    from emulator.spec.schemas.bodies import BODIES, paths
    from scenarios.outcomes import STATES
    from scenarios.targets import Names

    return Names(
        {each.id: each.tag for each in OPERATIONS},
        callbacks=sorted({told.webhook for told in CALLBACK_TYPES.values()}),
        reads=[each.id for each in OPERATIONS if each.method == "GET"],
        stateful=[each.id for each in OPERATIONS if any(f"{{{place}}}" in each.path for place in PARAMETERS)],
        fields={operation: frozenset(paths(body)) for operation, body in BODIES.items()},
        roles=ROLES,
        states=STATES,
    )


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
