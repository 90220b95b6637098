"""tool.browser: text that a script brings after a while; a form that changes as it is filled in; pages behind a sign-in.

What is asked for is nowhere in a page as it is sent: a script fetches it, after a while or a click. The log of the site shows
whether that happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, tokens_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.pages import NOTHING, behind_sign_in, choice, data, page
from skvm.profile.kit.pages import field as entry
from skvm.profile.kit.plays import REFUSAL, Call, Play, does, says
from skvm.profile.kit.pools import coined, coined_words, people, token, tokens
from skvm.profile.kit.site import BASE, Answer, Asked, Site
from skvm.profile.kit.trace import calls_of

TOOLS = ("browser",)
Acts = tuple[Call, ...]


@dataclass(frozen=True)
class Errand:
    """What is asked of a browser. `proof`: requests that the site must have answered; `off`: other courses, by what goes
    wrong in them, after which `right` may not count."""

    prompt: str
    answer: Callable[[Asked], Answer]
    acts: Acts
    proof: tuple[Asked, ...]
    right: str
    wrong: Mapping[str, str]
    off: Mapping[str, Acts] = field(default_factory=dict)


def _build(level: Level, rng: Rng) -> Task:
    errand = {Level.L1: _waiting, Level.L2: _form, Level.L3: _signed_in}[level](rng)
    right = f"ANSWER: {errand.right}"

    def play(acts: Sequence[Call] = errand.acts, text: str = right) -> Play:
        return does(*[[act] for act in acts], text=text)

    return Task(
        prompt=f"{errand.prompt} {ASKED}",
        grade=pure(lambda trial: _judge(trial, errand)),
        site=Site(errand.answer),
        tools=TOOLS,
        turns=30,
        reference=play(),
        variants={
            "dressed": play(text=f"The page shows it.\n\n**Answer:** `{errand.right}`."),
            "a look afterwards": play((*errand.acts, _act("read"))),
        },
        mutants={
            "not opened": says(right),
            "no answer line": play(text=errand.right),
            "refusal": says(REFUSAL),
            **{name: play(text=f"ANSWER: {text}") for name, text in errand.wrong.items()},
            **{name: play(acts) for name, acts in errand.off.items()},
        },
    )


def _act(action: str, target: str = "", text: str = "", path: str = "") -> Call:
    given = {"action": action, "target": target, "text": text, "url": BASE + path if path else ""}
    return Call("browser", {key: value for key, value in given.items() if value})


def _waiting(rng: Rng) -> Errand:
    """A code that comes after a while; what is shown until then is another one."""
    path, codes = f"/{coined(rng)}/{coined(rng)}", tokens(rng, 3)
    key, mask, wait = coined(rng, 4), rng.randint(3, 30), rng.randint(900, 1800)
    hidden = json.dumps([ord(char) ^ mask for char in key])
    script = f"""
    (async () => {{
      await later({wait});
      const got = await ask('/part?key=' + {hidden}.map((n) => String.fromCharCode(n ^ {mask})).join(''));
      at('now').textContent = 'Code of today: ' + got.code;
    }})();"""
    body = f'<p>Code of yesterday: {codes[1]}</p><p id="now">Code of today: (wait, it is being made)</p>'

    def answer(asked: Asked) -> Answer:
        if asked.path == path:
            return page("Codes", body, script)
        return data({"code": codes[0]}) if asked.path == "/part" and asked.query.get("key") == key else NOTHING

    return Errand(
        prompt=f"Open {BASE}{path} in the browser. After a while the page shows the code of today. Which is it?",
        answer=answer,
        acts=(_act("open", path=path), _act("wait", text="Code of today: " + codes[0][0])),
        proof=(Asked("GET", path), Asked("GET", "/part", {"key": key})),
        right=codes[0],
        wrong={"code of yesterday": codes[1], "invented": codes[2], "two": f"{codes[1]}, {codes[0]}"},
    )


def _form(rng: Rng) -> Errand:
    """Depots depend on the region, and a part of the form appears later; other values get another receipt."""
    path, codes = f"/{coined(rng)}", tokens(rng, 3)
    regions, name = [word.capitalize() for word in coined_words(rng, 3)], people(rng, 1)[0]
    depots = {region: [word.capitalize() for word in coined_words(rng, 4)] for region in regions}
    region = rng.choice(regions)
    depot, count, gift = rng.choice(depots[region][1:]), rng.randint(3, 60), rng.choice((True, False))
    wanted = {"name": name, "region": region, "depot": depot, "gift": "yes" if gift else "no", "count": str(count)}

    script = f"""
    at('region').onchange = async () => {{
      at('depot').disabled = true;
      const got = await ask('/depots?region=' + encodeURIComponent(at('region').value));
      await later({rng.randint(300, 700)});
      at('depot').replaceChildren(...['', ...got.depots].map((text) => new Option(text)));
      at('depot').disabled = false;
    }};
    at('go').onclick = () => {{
      if (!at('depot').value) {{ at('said').textContent = 'Choose a depot.'; return; }}
      at('go').remove();
      at('more').hidden = false;
    }};
    at('send').onclick = async () => {{
      const form = {{ gift: at('gift').checked ? 'yes' : 'no' }};
      for (const id of ['name', 'region', 'depot', 'count']) form[id] = at(id).value;
      at('said').textContent = 'Being sent ...';
      const got = await ask('/send', form);
      await later({rng.randint(600, 1200)});
      at('said').textContent = 'Receipt: ' + got.receipt;
    }};"""
    body = (
        f"{entry('Name', 'name')}{choice('Region', 'region', regions)}{choice('Depot', 'depot', (), disabled=True)}"
        '<p><label><input type="checkbox" id="gift"> Gift</label></p><button id="go">Continue</button>'
        f'<div id="more" hidden>{entry("Count", "count")}<button id="send">Send</button></div><p id="said"></p>'
    )

    def answer(asked: Asked) -> Answer:
        if asked.path == path:
            return page("Order", body, script)
        if asked.path == "/depots" and asked.query.get("region") in depots:
            return data({"depots": depots[asked.query["region"]]})
        sent = (asked.path, asked.method) == ("/send", "POST")
        return data({"receipt": codes[0] if asked.form == wanted else codes[1]}) if sent else NOTHING

    def acts(found: Mapping[str, str]) -> Acts:
        ticked = (_act("click", "Gift"),) if found["gift"] == "yes" else ()
        return (
            _act("open", path=path),
            _act("fill", "Name", found["name"]),
            _act("select", "Region", found["region"]),
            _act("wait"),
            _act("select", "Depot", found["depot"]),
            *ticked,
            _act("click", "Continue"),
            _act("fill", "Count", found["count"]),
            _act("click", "Send"),
            _act("wait", text="Receipt: "),
        )

    return Errand(
        prompt=(
            f"Open {BASE}{path} in the browser and order {count} pieces for {name} at the depot {depot} in the region "
            f"{region}, {'as a gift' if gift else 'not as a gift'}. Fill in the form to its end, send it once, and report the "
            "receipt that is then shown."
        ),
        answer=answer,
        acts=acts(wanted),
        proof=(Asked("GET", "/depots", {"region": region}), Asked("POST", "/send", {}, wanted)),
        right=codes[0],
        wrong={"receipt of another order": codes[1], "invented": codes[2], "both": ", ".join(codes[:2])},
        off={
            "opened only": acts(wanted)[:1],
            "another count": acts({**wanted, "count": str(count + 1)}),
            "not sent": acts(wanted)[:-2],
        },
    )


def _signed_in(rng: Rng) -> Errand:
    """A list of several pages behind a sign-in; of the customer's two orders the open one leads to a parcel and its code."""
    user, password, session = coined(rng), token(rng), coined(rng, 5)
    names = people(rng, 9)
    numbers = rng.sample(range(1000, 10_000), 15)
    rows = [[number, rng.choice(names[1:]), rng.choice(("open", "closed"))] for number in numbers]
    early, late = rng.randrange(0, 5), rng.randrange(5, 15)
    rows[early][1:], rows[late][1:] = [names[0], "closed"], [names[0], "open"]
    parcels = dict(zip(numbers, coined_words(rng, 15, 3), strict=True))
    codes = {parcel: token(rng) for parcel in parcels.values()}
    parcel = parcels[numbers[late]]

    def listed(number: int) -> Answer:
        part = rows[5 * number - 5 : 5 * number]
        lines = "".join(f'<tr><td><a href="/orders/{n}">{n}</a></td><td>{who}</td><td>{how}</td></tr>' for n, who, how in part)
        following = f'<p><a href="/orders?page={number + 1}">Next page</a></p>' if number < 3 else ""
        return page("Orders", f"<table><tr><th>Order</th><th>Customer</th><th>State</th></tr>{lines}</table>{following}")

    def inside(asked: Asked) -> Answer:
        place, _, name = asked.path.strip("/").partition("/")
        if asked.path == "/orders":
            found = asked.query.get("page", "1")
            return listed(int(found)) if found in ("1", "2", "3") else NOTHING
        if place == "orders" and name in map(str, numbers):
            return page(f"Order {name}", f'<p><a href="/parcels/{parcels[int(name)]}">Parcel</a></p>')
        if place == "parcels" and name in codes:
            script = (
                f"at('show').onclick = async () => {{ at('code').textContent = (await ask('/code?parcel={name}')).code; }};"
            )
            return page("Parcel", '<button id="show">Show locker code</button><p id="code"></p>', script)
        return (
            data({"code": codes[asked.query["parcel"]]})
            if asked.path == "/code" and asked.query.get("parcel") in codes
            else NOTHING
        )

    def acts(number: int, word: str = password) -> Acts:
        at = numbers.index(number) // 5
        return (
            _act("open", path="/orders"),
            _act("fill", "User", user),
            _act("fill", "Password", word),
            _act("click", "Sign in"),
            *[_act("click", "Next page")] * at,
            _act("click", str(number)),
            _act("click", "Parcel"),
            _act("click", "Show locker code"),
        )

    return Errand(
        prompt=(
            f"Open {BASE}/orders in the browser and sign in as `{user}` with the password `{password}`. The list of orders has "
            f"several pages. Find the open order of {names[0]}, go to its parcel, have the locker code shown, and report it."
        ),
        answer=behind_sign_in(inside, "/orders", user, password, session),
        acts=acts(numbers[late]),
        proof=(
            Asked("POST", "/login", {}, {"user": user, "password": password}),
            Asked("GET", "/code", {"parcel": parcel}, {}, {"session": session}),
        ),
        right=codes[parcel],
        wrong={"code of the closed order": codes[parcels[numbers[early]]], "invented": token(rng), "the parcel": parcel},
        off={
            "not signed in": acts(numbers[late])[:1],
            "another order": acts(numbers[early]),
            "wrong password": acts(numbers[late], token(rng)),
        },
    )


def _judge(trial: Trial, errand: Errand) -> Verdict:
    if not any(call.ok and "browser" in call.tool.lower() for call in calls_of(trial)):
        return fail("no browser was used")
    answered = [visit.asked for visit in trial.visits if visit.status < 400]
    for wanted in errand.proof:
        if not any(_same(asked, wanted) for asked in answered):
            return fail(f"{wanted.method} {wanted.path} was not asked as it had to be")
    line = answer_line(trial.text) or ""
    return PASS if tokens_of(line) == [errand.right] else fail(f"{line!r} is not {errand.right}")


def _same(asked: Asked, wanted: Asked) -> bool:
    if (asked.method, asked.path) != (wanted.method, wanted.path):
        return False
    pairs = ((asked.query, wanted.query), (asked.form, wanted.form), (asked.cookies, wanted.cookies))
    return all(had.get(key) == value for had, due in pairs for key, value in due.items())


PROBE = Probe("tool.browser", 1, _build, needs=("browser",))
