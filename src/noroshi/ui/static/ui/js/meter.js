// How strong a new password looks while it is typed. A rough guide: the server's judgement counts.
const SIMPLE = /pass(word)?|pasuwa?do|admin|kanri|sakura|nihon|japan|tokyo|osaka|qwert\w*|asdf\w*|1234\d*|abcd\w*|(19|20)\d\d/g;
const WORDS = ["weak", "weak", "fair", "good", "strong"];

export function mount(meter) {
  const input = document.getElementById(meter.dataset.input);
  const [bar, said, eye] = ["progress", "output", "button"].map((tag) => meter.querySelector(tag));
  const show = () => {
    const level = levelOf(input.value, Number(meter.dataset.min));
    bar.value = level;
    said.value = input.value ? words(meter.dataset, input.value, level) : "—";
  };
  const turn = (type) => {
    input.type = type;
    eye.textContent = type === "password" ? meter.dataset.wordShow : meter.dataset.wordHide;
  };
  input.addEventListener("input", show);
  eye.addEventListener("click", () => turn(input.type === "password" ? "text" : "password"));
  // A manager of passwords should find a password field.
  input.form.addEventListener("submit", () => turn("password"));
  turn("password");
  show();
  meter.hidden = false;
}

function words(word, text, level) {
  const missing = Number(word.min) - length(text);
  if (missing > 0) return word.wordShort.replace("%n", missing);
  const name = WORDS[level];
  return word[`word${name[0].toUpperCase()}${name.slice(1)}`];
}

// 0 to 4, by what is left when known words, repetition and rows of neighbours are taken out.
export function levelOf(text, min) {
  if (!text) return 0;
  const plain = text.normalize("NFKC").toLowerCase();
  const core = plain.replace(SIMPLE, "*").replace(/(.{1,6}?)\1+/gu, "$1");
  const left = [...core].filter((sign, at, all) => !at || Math.abs(sign.codePointAt(0) - all[at - 1].codePointAt(0)) !== 1);
  const worth = left.length * (new Set(left).size >= 8 ? 1 : 0.6);
  if (length(text) < min) return 1;
  if (worth < min * 0.6) return 1;
  if (worth < min * 0.9) return 2;
  return worth < min * 1.4 ? 3 : 4;
}

function length(text) {
  return [...text.normalize("NFC")].length;
}
