// Signs in for "Try it out". The tokens stay in this page's memory and are gone when it is closed.
(() => {
  "use strict";
  let tokens = null;
  const form = document.getElementById("sign-in");
  const state = document.getElementById("state");
  const newPassword = document.getElementById("new-password");
  const signOut = document.getElementById("sign-out");

  const post = async (path, body) => {
    const headers = { "Content-Type": "application/json", "Accept-Language": navigator.language };
    if (tokens) headers.Authorization = `Bearer ${tokens.access_token}`;
    const response = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    const answer = text ? JSON.parse(text) : {};
    if (!response.ok) throw new Error(answer.errors ? answer.errors.map((e) => `${e.pointer} ${e.message}`).join("; ") : answer.title);
    return answer;
  };

  const ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    displayOperationId: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    presets: [SwaggerUIBundle.presets.apis],
    responseInterceptor: (response) => response,
    requestInterceptor: async (request) => {
      if (tokens && Date.now() > tokens.renew_at && !request.url.endsWith("/v1/auth/refresh")) await renew();
      if (tokens && !request.headers.Authorization) request.headers.Authorization = `Bearer ${tokens.access_token}`;
      return request;
    },
  });

  const accept = (pair) => {
    tokens = { ...pair, renew_at: Date.now() + (pair.expires_in - 60) * 1000 };
    ui.preauthorizeApiKey("bearer", pair.access_token);
    signOut.hidden = false;
  };

  const renew = async () => {
    const refresh_token = tokens.refresh_token;
    tokens = null;
    accept(await post("/v1/auth/refresh", { refresh_token }));
  };

  // A name of this browser's own, made at first use: one that all browsers share would let whoever guesses passwords
  // under it slow down the owner's own, and a second browser would end the first one's session.
  const deviceId = () => {
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
    const made = `documentation-${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    try {
      const known = localStorage.getItem("lianfang-documentation-device") ?? made;
      localStorage.setItem("lianfang-documentation-device", known);
      return known;
    } catch {
      return made;
    }
  };

  const show = (text) => { state.textContent = text; };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { username, password, new_password } = Object.fromEntries(new FormData(form));
    try {
      tokens = null;
      accept(await post("/v1/auth/login", { username, password, device_id: deviceId() }));
      if (tokens.password_change_required && !new_password) {
        newPassword.hidden = false;
        newPassword.querySelector("input").focus();
        return show("Choose a password first. 请先设置新密码。");
      }
      if (tokens.password_change_required) await post("/v1/auth/password", { current_password: password, new_password });
      newPassword.hidden = true;
      form.reset();
      show(`Signed in as ${username}. 已登录。`);
    } catch (error) {
      show(error.message);
    }
  });

  signOut.addEventListener("click", async () => {
    try { await post("/v1/auth/logout"); } catch (error) { show(error.message); }
    tokens = null;
    ui.authActions.logout(["bearer"]);
    signOut.hidden = true;
    show("Signed out. 已退出。");
  });
})();
