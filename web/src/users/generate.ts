const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'; // none that are taken for each other
const length = 20; // 116 bits

/** A password that nobody guesses. */
export function generatePassword(): string {
  const limit = 256 - 256 % letters.length; // bytes from there on would prefer the first letters
  let password = '';
  while (password.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < limit && password.length < length) {
        password += letters[byte % letters.length];
      }
    }
  }
  return password;
}
