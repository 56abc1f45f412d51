//! What to paste where, so that hits begin to come: with the real address and the real key.

use super::Copy;
use crate::view::IntoAny;
use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Curl,
    Express,
    Demo,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Curl, Self::Express, Self::Demo];

    const fn label(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Express => "Express",
            Self::Demo => "Demo data",
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Curl => "snippet-curl",
            Self::Express => "snippet-express",
            Self::Demo => "snippet-demo",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Curl => "One hit from your shell, to see it arrive.",
            Self::Express => {
                "Reports each request after its response has gone out. It never waits and never throws."
            }
            Self::Demo => {
                "A day of a made-up shop's traffic, and then more of it as you watch, until you stop it."
            }
        }
    }

    fn text(self, url: &str, key: &str) -> String {
        match self {
            Self::Curl => curl(url, key),
            Self::Express => express(url, key),
            Self::Demo => format!("sendry demo --url {url} --key {key} --backfill 1d"),
        }
    }
}

#[component]
pub(crate) fn Snippets(url: String, key: Signal<String>) -> impl IntoView {
    let chosen = RwSignal::new(Kind::Curl);
    let tab = move |kind: Kind| {
        view! {
            <button
                class="tab"
                type="button"
                role="tab"
                id=format!("{}-tab", kind.id())
                aria-controls="snippet"
                aria-selected=move || (chosen.get() == kind).to_string()
                on:click=move |_| chosen.set(kind)
            >
                {kind.label()}
            </button>
        }
    };
    let text = Signal::derive(move || chosen.get().text(&url, &key.get()));
    view! {
        <div class="snippets">
            <div class="snippets-head">
                <div class="tabs" role="tablist" aria-label="Ways to send hits">{Kind::ALL.map(tab).collect_view()}</div>
                <Copy what="the snippet" text/>
            </div>
            <div
                class="snippet"
                id="snippet"
                role="tabpanel"
                aria-labelledby=move || format!("{}-tab", chosen.get().id())
                tabindex="0"
            >
                <pre><code>{move || text.get()}</code></pre>
            </div>
            <p class="snippets-hint">{move || chosen.get().hint()}</p>
        </div>
    }
    .into_any()
}

fn curl(url: &str, key: &str) -> String {
    format!(
        r#"curl {url}/api/hit \
  -H 'x-api-key: {key}' \
  -H 'content-type: application/json' \
  -d '{{"serviceName":"my-service","endpoint":"/hello/:name","method":"GET","statusCode":200,"latencyMs":12.5}}'"#
    )
}

fn express(url: &str, key: &str) -> String {
    format!(
        r#"// sendry.js: needs nothing but Node 18
const key = process.env.SENDRY_KEY ?? '{key}';

export function sendry(serviceName) {{
  return (req, res, next) => {{
    const start = performance.now();
    res.once('finish', () => {{
      const hit = {{
        serviceName,
        endpoint: req.route ? `${{req.baseUrl}}${{req.route.path}}` : req.originalUrl,
        method: req.method,
        statusCode: res.statusCode,
        latencyMs: performance.now() - start,
      }};
      fetch('{url}/api/hit', {{
        method: 'POST',
        headers: {{ 'content-type': 'application/json', 'x-api-key': key }},
        body: JSON.stringify(hit),
        signal: AbortSignal.timeout(3000),
      }}).then((reply) => reply.body?.cancel()).catch(() => {{}});
    }});
    next();
  }};
}}

// in your application, before the routes:
// app.use(sendry('my-service'));"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_carry_the_address_and_the_key() {
        for kind in Kind::ALL {
            assert!(kind.text("https://sendry.example", "snd_live_x").contains("snd_live_x"));
        }
        assert!(curl("https://sendry.example", "k").contains("curl https://sendry.example/api/hit"));
    }

    #[test]
    fn the_hit_of_the_curl_snippet_is_json() {
        let text = curl("http://127.0.0.1:3000", "k");
        let body = text.split("-d '").nth(1).unwrap().trim_end_matches('\'');
        let hit: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(hit["serviceName"], "my-service");
    }
}
