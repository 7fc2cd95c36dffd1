// Passkeys: let the browser make or use one, and send what it signed with the form.
export function mount(element) {
  if (element.dataset.passkey === "missing") {
    element.hidden = isPossible();
    return;
  }
  if (!isPossible()) return;
  element.hidden = false;
  if (element.dataset.passkey === "show") return;
  const said = element.querySelector(".error");
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (said) said.hidden = true;
    try {
      const credential = await WAYS[element.dataset.passkey](element);
      element.elements.credential.value = JSON.stringify(plain(credential));
      element.submit();
    } catch {
      // Whoever pressed "cancel" learns the same as whoever has no passkey here.
      if (!said) return;
      said.textContent = element.dataset.wordFailed;
      said.hidden = false;
    }
  });
}

const WAYS = {
  async login(form) {
    const answer = await fetch(form.dataset.src, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return ask((await answer.json()).request_options.publicKey);
  },
  get: (form) => ask(JSON.parse(form.dataset.options).publicKey),
  create(form) {
    const wanted = JSON.parse(form.dataset.options).publicKey;
    return navigator.credentials.create({ publicKey: {
      ...wanted,
      challenge: bytes(wanted.challenge),
      user: { ...wanted.user, id: bytes(wanted.user.id) },
      excludeCredentials: (wanted.excludeCredentials ?? []).map(known),
      // It must be found without a user id, and know its owner by finger, face or number.
      authenticatorSelection: {
        ...wanted.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
      },
    } });
  },
};

// A passkey belongs to a name: browsers make none for a bare number such as 127.0.0.1.
function isPossible() {
  const isNumber = /^[\d.]+$|^\[/.test(location.hostname);
  return Boolean(window.PublicKeyCredential && navigator.credentials && window.isSecureContext) && !isNumber;
}

function ask(wanted) {
  return navigator.credentials.get({ publicKey: {
    ...wanted,
    challenge: bytes(wanted.challenge),
    allowCredentials: (wanted.allowCredentials ?? []).map(known),
  } });
}

function known(one) {
  return { ...one, id: bytes(one.id) };
}

function plain(credential) {
  const { response } = credential;
  const said = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = text(response[name]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: text(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: said,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const signs = Array.from(new Uint8Array(buffer), (code) => String.fromCharCode(code)).join("");
  return btoa(signs).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
