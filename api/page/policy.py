"""Defines what a browser may do with the page: nothing but what its own files say."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types wand",
    )
)
"""`trusted-types wand`: of the one policy that lets the page start its one worker (`parts/drawing/layout.js`); it makes
no markup. Images are also shown from memory (`blob:`): artifacts are fetched with the key. An image runs no script."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Of the page and its files. `no-cache`: a browser asks whether a file changed, so an edit is seen after a reload."""
