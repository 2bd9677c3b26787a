const ms = require("ms");

function wordsOf(milliseconds) {
  return ms(milliseconds, { long: true });
}

console.log(wordsOf(90000));
