/** Types of certificate.mjs. */

export const CIPHERS: string;

/** A self-signed P-256 certificate, as PEM. */
export function makeCertificate(): { readonly key: Buffer; readonly cert: Buffer };
