// Asks @sigstore/verify about many bundles at once; one line of JSON for each: its name, and why it is refused.
//   node oracle.mjs TRUSTED_ROOT CASES ARTIFACT KEY
// CASES is JSON: [{name, bundle, identity?, issuer?, times}]; without an identity the key is the one to trust.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import bundles from '@sigstore/bundle';
import specs from '@sigstore/protobuf-specs';
import verify from '@sigstore/verify';

const [root, cases, artifact, key] = process.argv.slice(2).map((name) => readFileSync(name));
const trusted = specs.TrustedRoot.fromJSON(JSON.parse(root));
const publicKey = createPublicKey(key);
const finder = () => ({ publicKey, validFor: () => true });

for (const { name, bundle, identity, issuer, times } of JSON.parse(cases)) {
  let why = '';
  try {
    const parsed = bundles.bundleFromJSON(JSON.parse(bundle));
    const data = parsed.content.$case === 'messageSignature' ? artifact : undefined;
    const logged = parsed.verificationMaterial.tlogEntries.length > 0;
    const material = verify.toTrustMaterial(trusted, identity ? undefined : finder);
    const options = { ctlogThreshold: identity ? 1 : 0, tlogThreshold: logged ? 1 : 0, timestampThreshold: times };
    const verifier = new verify.Verifier(material, options);
    const policy = identity ? { subjectAlternativeName: identity, extensions: { issuer } } : undefined;
    verifier.verify(verify.toSignedEntity(parsed, data), policy);
  } catch (error) {
    why = `${error.name} ${error.code ?? ''}: ${error.message}`;
  }
  console.log(JSON.stringify({ name, why }));
}
