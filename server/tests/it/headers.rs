//! What replies tell browsers not to do.

use crate::harness::{TestServer, publicly};

const PATHS: [&str; 9] = [
    "/login",
    "/overview",
    "/no/such/page",
    "/api/auth/me",
    "/api/no/such/route",
    "/api/openapi.json",
    "/edge/keys/x",
    "/healthz",
    "/metrics",
];

#[tokio::test]
async fn every_reply_is_closed_to_frames_sniffing_and_foreign_pages() {
    let server = TestServer::start().await.with_admin().await;
    for path in PATHS {
        let reply = server.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(reply.header(name), value, "{path}: {name}");
        }
        assert!(reply.header("permissions-policy").contains("camera=()"), "{path}");
        let policy = reply.header("content-security-policy");
        for closed in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(closed), "{path}: {policy}");
        }
        assert!(!policy.contains("'unsafe-eval'") && !policy.contains("*"), "{path}: {policy}");
        let kept = reply.header("content-type").starts_with("text/html") || path.starts_with("/api/");
        if kept {
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn on_https_browsers_are_held_to_it() {
    let secure = |config: &mut runtime::config::Config| {
        publicly(config, "https://sendry.test");
    };
    let server = TestServer::start_with(secure).await;
    for path in PATHS {
        let reply = server.get(path).await;
        let told = reply.header("strict-transport-security");
        assert_eq!(told, "max-age=31536000; includeSubDomains", "{path}");
    }
}

#[tokio::test]
async fn a_page_runs_its_own_scripts_only() {
    let server = TestServer::start().await.with_admin().await;
    let mut nonces = Vec::new();
    for path in ["/login", "/overview", "/overview"] {
        let page = server.get(path).await;
        let policy = page.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
        let nonce = nonce.unwrap_or_else(|| panic!("{path}: no nonce in {policy}")).to_owned();
        assert!(nonce.len() >= 16, "{nonce}");
        let named = format!("nonce=\"{nonce}\"");
        let scripts: Vec<&str> = page.text.split("<script").skip(1).collect();
        assert!(!scripts.is_empty(), "{path} has no script");
        for script in scripts {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&named), "{path}: <script{tag}>");
        }
        assert!(!nonces.contains(&nonce), "a nonce came twice");
        nonces.push(nonce);
    }
}
