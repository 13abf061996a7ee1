/** SHA-256 (FIPS 180-4) by the platform's Web Crypto, so that a result can say which bytes it is of. */

/** In hexadecimal. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), byte => byte.toString(16).padStart(2, '0')).join('');
}
