"""Cues: word patterns that the rules count in prose. One pattern per meaning; rules decide what they are worth.

Patterns are lower case and match whole words; every alternative begins with a literal (see `scan`).
"""

from __future__ import annotations

from skvm.compile.rules.scan import Scanner

_MAKE = r"(?:write|create|generate|build|produce|draft|implement|author|add|compose|emit|output|save|render|return)\w*"

CUES: dict[str, str] = {
    "write_python": (
        _MAKE + r"\s+(?:\w+\s+){0,3}?(?:python|pytest|pandas|\.py)(?:\s+(?:script|code|module|function|program))?"
    ),
    "write_javascript": (
        _MAKE + r"\s+(?:\w+\s+){0,3}?(?:javascript|typescript|react|vue|svelte|next\.js|"
        r"node(?:\.js)?)\s+(?:\w+\s+)?(?:component|code|script|app|hook|module)s?"
    ),
    "write_shell": _MAKE + r"\s+(?:\w+\s+){0,2}?(?:shell|bash) (?:script|command|one-liner|function)s?",
    "write_sql": _MAKE + r"\s+(?:\w+\s+){0,3}?(?:sql|quer(?:y|ies)|migrations?)",
    "write_html": _MAKE + r"\s+(?:\S+\s+){0,4}?(?:html|svg|web ?page|landing page|dashboard)",
    "structured": (
        _MAKE + r"\s+(?:\S+\s+){0,4}?(?:json|ya?ml|xml|toml|manifests?|schema|config(?:uration)?(?: file)?|front ?matter)|"
        r"structured (?:output|data|json)|json (?:schema|object|array|output|format)"
    ),
    "report": (
        _MAKE + r"\s+(?:\S+\s+){0,5}?(?:report|document(?:ation)?|spec(?:ification)?|prd|proposal|plan|brief|guide|"
        r"runbook|readme|white ?paper|memo|playbook|article|essay|blog post|chapter|paper|narrative|summary|"
        r"checklist|analysis|assessment)"
    ),
    "long": r"comprehensive|detailed|in-depth|full|complete|exhaustive|thorough",
    "prose": (
        _MAKE + r"\s+(?:\S+\s+){0,4}?(?:emails?|posts?|copy|letters?|messages?|stor(?:y|ies)|narrative|bios?|headlines?|"
        r"newsletters?|captions?|scripts? for|announcements?|article|essay|blog|explanations?|explainer|speech|"
        r"press release|paragraphs?|prose|answers? in|tone|summary|cover letter|tweets?|threads?|testimonials?)|"
        r"copywriting|storytelling|tone of voice|brand voice|writing style|rewrite|paraphrase|humani[sz]e"
    ),
    "style": (
        r"tone of voice|brand voice|persona|writing style|house style|in the voice of|register|"
        r"match (?:the )?(?:user's|author's|their) (?:tone|style|voice)"
    ),
    "regex": (
        r"(?:write|create|build|compose|craft)\w* (?:\w+ ){0,2}?(?:regex(?:es|p)?|regular expressions?)|"
        r"regex pattern"
    ),
    "arithmetic": (
        r"calculat\w+|comput(?:e|es|ing) (?:the |a |an )?(?:total|sum|average|mean|score|ratio|percentage|rate|"
        r"cost|value|difference|median|variance|weighted)|sum (?:of|up)|weighted (?:average|score|sum)|"
        r"percentages?|add(?:ing)? up|formula|per cent|roi|margin|cash flow|interest|net pay|overtime|break-?even|"
        r"estimate (?:the )?(?:cost|time|total|size)s?|multipl(?:y|ied)|divided? by"
    ),
    "compound": (
        r"compound|discounted|amorti[sz]\w+|npv|irr|percentage (?:points|chain)|year over year|forecast\w*|"
        r"present value|payroll|tax(?:es)?|withholding"
    ),
    "money": (
        r"payroll|reconcil\w+|p&l|cash flow|net (?:pay|income)|gross (?:pay|margin|profit)|withholdings?|"
        r"accruals?|balance sheet"
    ),
    "run": (
        r"run (?:all |the |your |unit |integration )*tests?|dotnet (?:test|build|run)|npm (?:test|run \w+)|"
        r"cargo (?:test|build)"
    ),
    "route": (
        r"(?:route|routing|routes) (?:\w+ ){0,3}?(?:to|tables?|rules?)|first match|decision (?:tree|table|matrix)|"
        r"(?:classify|triage) (?:the|each|every|all|it|them|user|issue)|eligib\w+"
    ),
    "optimise": (
        r"optimi[sz]e|minimi[sz]e|maximi[sz]e|trade-?offs?|best (?:option|candidate|combination)|"
        r"constraints? satisf\w+|rank(?:ed|ing)?"
    ),
    "spatial": (
        r"coordinates?|latitude|longitude|haversine|bounding box(?:es)?|polygon|rotation|geometry|geometric|3d|"
        r"transforms?"
    ),
    "plan": (
        r"(?:implementation|project|migration|launch|test|rollout|action|work|research|task|execution|content|"
        r"learning|study|sprint|change) plan(?:s|ning)?|roadmaps?|break (?:it |this |the \w+ |"
        r"down )?(?:down )?into|decompos\w+|prioriti[sz]\w+|milestones?|phased|phases?(?!\s*\d)|timeline|"
        r"plan (?:the|out|a|your)|strateg(?:y|ies|ic)|sub-?(?:tasks|questions|problems)|sequenc(?:e|ing)|"
        r"dependency (?:graph|order)|backlog"
    ),
    "recover": (
        r"rollback|roll back|recover\w*|fallbacks?|fall back|contingenc\w+|retr(?:y|ies)|compensat\w+|if (?:it|"
        r"this|that|the \w+) fails|on failure|graceful(?:ly)? degrad\w+|failure modes?|escalat\w+"
    ),
    "analyse_code": (
        r"code ?review|review (?:the |all |each )?(?:code|diff|changes|pull request|pr|implementation)|debug\w*|"
        r"root[- ]cause|(?:codebase|repo(?:sitory)?|source code|call graph|stack traces?|architecture)|bugs?|"
        r"refactor\w*|vulnerabilit\w+|security (?:audit|review)|static analysis|trace (?:the|through)|"
        r"inspect (?:the )?(?:code|source|repo)"
    ),
    "analyse_strong": (
        r"root[- ]cause|debug(?:ging)?|diagnos\w+|code ?review|review (?:the |all |each )?(?:code|diff|changes)|"
        r"(?:explore|analy[sz]e|understand|audit|inspect|scan|map|study|survey) (?:\S+ ){0,3}?(?:codebase|"
        r"repo(?:sitory)?|project|code|source|architecture)|find (?:the )?bugs?|bug (?:hunt|fix)\w*|"
        r"vulnerabilit\w+"
    ),
    "many_files": (
        r"across (?:\w+ ){0,2}?files|codebase|repo(?:sitory)?|multiple files|call chain|root[- ]cause|all files|"
        r"modules|project-wide"
    ),
    "read": (
        r"(?:read|load|open|consult|review|check|inspect|see|parse|examine|refer to|look at|scan|cat|follow)(?:s|"
        r"ing)?\s+(?:\S+\s+){0,4}?(?:files?|references?/\S*|docs?/\S*|\S+\.(?:md|json|ya?ml|txt|csv|py|ts|js|toml|"
        r"html|pdf|log|jsonl|xml)\b|readme|skill\.md|templates?/\S*|guides?)"
    ),
    "missing": (
        r"if (?:it |the file |they |\S+ )?(?:exists?|is (?:missing|absent|present|available))|if (?:not found|"
        r"missing)|may not exist|does not exist|both|all (?:of )?(?:the )?(?:files|references)|each (?:file|"
        r"reference)"
    ),
    "offset": (
        r"line ranges?|offset|pagination|paginate|lines? \d+|chunks? of|large files?|byte range|head -n|"
        r"first \d+ lines"
    ),
    "write_file": (
        r"(?:save|write|create|generate|store|export|output|append|update|edit|modify|add|produce|put)(?:s|d|ing|"
        r"n)?\s+(?:\S+\s+){0,6}?(?:to|in|into|at|as|file|files|folder|directory)?\s*(?:\S+\.(?:md|json|ya?ml|txt|"
        r"csv|py|tsx?|jsx?|html|docx|xlsx|pptx|pdf|svg|toml|sql|jsonl)\b|files?\b|director(?:y|ies)\b)"
    ),
    "many_outputs": (
        r"files|one file per|each (?:\w+ ){0,2}?file|multiple (?:files|documents)|directory (?:structure|layout|"
        r"tree)|artifacts|scaffold\w*"
    ),
    "fetch": (
        r"fetch\w*|web ?search\w*|search the web|search (?:online|google|the internet)|http (?:get|post|"
        r"request)s?|rest api|api (?:call|request|endpoint|key)s?|curl|web_?fetch|webfetch|websearch|"
        r"browse (?:the )?web|scrap(?:e|ing)|endpoints?|download\w*|graphql|webhooks?|urls?"
    ),
    "fetch_strong": (
        r"web ?search\w*|search the web|fetch (?:\S+ ){0,4}?(?:url|page|docs?|documentation|content|data|api|"
        r"https?\S*)|web_?fetch|webfetch|http (?:get|post)|api endpoints?|scrap(?:e|ing)|call (?:the )?\S+ api|"
        r"requests?\.get"
    ),
    "pages": (
        r"pagina\w+|all pages|next page|cursor|page ?token|several apis|multiple (?:apis|sources|endpoints)|"
        r"rate limit\w*"
    ),
    "params": r"query (?:param\w*|string)|parameters?|filters?|payload|request body|headers?|json response|bearer",
    "browser": (
        r"playwright|puppeteer|selenium|headless|browser[- ](?:automation|use|tool|tab|session)|chrome devtools|"
        r"click (?:on|the)|fill (?:in|out) (?:the )?form|navigate to (?:https?|the page|the url)|screenshot\w*"
    ),
    "sign_in": r"log ?in|sign ?in|cookies?|session|auth\w*|captcha",
    "batch": (
        r"in parallel|parallel(?:ly|ize|ise)?|concurrent(?:ly)?|simultaneous(?:ly)?|at the same time|"
        r"in one (?:batch|message|turn)|batch(?:ed|es)? (?:of )?(?:calls?|reads?|requests?|tool)|fan[- ]out|"
        r"sub-?agents in"
    ),
    "agents": r"sub-?agents?|task tool|agent tool|spawn\w*|dispatch\w*|subagent_type",
    "format": (
        r"output (?:format|template|structure|contract)|report (?:format|template|structure)|response (?:format|"
        r"template|structure)|(?:use|follow|using|fill in|in) (?:this|the|the following|exactly this|"
        r"that) (?:exact )?(?:format|template|structure|schema|layout)|format:|template:|must (?:include|"
        r"contain) (?:the )?(?:following|these|all|sections?)|(?:return|respond|reply|output) (?:only |with |as |"
        r"in )+(?:json|markdown|yaml|a table|exactly|valid)|required (?:sections?|fields?)|following (?:format|"
        r"structure|template|sections|schema)|sections? in this order"
    ),
    "strict": (
        r"strictly|exactly|must (?:adhere|match|conform|follow)|mandatory|each section is required|verbatim|"
        r"no (?:other|extra) text|byte|character limit|max(?:imum)? \d+ (?:words|characters|lines)|alphabetical\w*"
    ),
    "delegate_code": (
        r"(?:do not|don't|never) (?:calculate|compute|do (?:the )?math) (?:\w+ )?(?:mentally|yourself|by hand|"
        r"in your head)|use (?:code|a script|python) (?:for|to) (?:all )?(?:calculat\w+|comput\w+|arithmetic)|"
        r"always (?:use|run) (?:the )?script"
    ),
    "chained": (
        r"tmux|container|docker|pipeline|in sequence|in order|one after another|separate bash call|"
        r"environment variables? persist\w*|orchestrat\w+"
    ),
}
"""Patterns by name; what each counts is what its name says."""

SCANNER = Scanner(CUES)
