// The page begins: with the session that this tab kept, or with the sign-in.
import { signIn, signOut } from "./api.js";
import { byId } from "./dom.js";
import { current } from "./session.js";
import { begin, end, fail, languageChanged } from "./shell.js";
import { say, switchLanguage, translate } from "./texts.js";

function showSignIn() {
  end();
  byId("board").hidden = true;
  byId("tools").hidden = true;
  byId("tabs").hidden = true;
  byId("sign-in").hidden = false;
  byId("title").textContent = say("name");
  document.title = say("name");
}

async function showBoard() {
  byId("sign-in").hidden = true;
  byId("problem").hidden = true;
  byId("board").hidden = false;
  byId("tools").hidden = false;
  await begin();
}

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { username, password, new_password } = Object.fromEntries(new FormData(event.target));
  try {
    const { needsPassword } = await signIn(username, password, new_password);
    byId("new-password").hidden = !needsPassword;
    if (needsPassword) {
      byId("new-password").querySelector("input").focus();
      return fail(new Error(say("passwordFirst")));
    }
    event.target.reset();
    await showBoard();
    byId("main").focus({ preventScroll: true });
  } catch (problem) {
    fail(problem);
  }
});

byId("sign-out").addEventListener("click", async () => {
  await signOut().catch(() => null);
  showSignIn();
});
document.addEventListener("signed-out", () => {
  showSignIn();
  fail(new Error(say("signedOut")));
});
byId("language").addEventListener("click", async () => languageChanged(await switchLanguage()));
byId("print").addEventListener("click", () => window.print());

translate();
if (current()) showBoard().catch(fail);
else showSignIn();
