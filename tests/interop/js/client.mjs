// Signs with @sigstore/sign and verifies with @sigstore/verify, against the files of a client trust config.
//   node client.mjs sign CLIENT_CONFIG TOKEN ARTIFACT BUNDLE [PAYLOAD_TYPE]
//   node client.mjs verify CLIENT_CONFIG BUNDLE ARTIFACT IDENTITY ISSUER
import { readFileSync, writeFileSync } from 'node:fs';
import bundles from '@sigstore/bundle';
import specs from '@sigstore/protobuf-specs';
import sign from '@sigstore/sign';
import verify from '@sigstore/verify';

const [command, config, ...words] = process.argv.slice(2);
const { trustedRoot, signingConfig } = JSON.parse(readFileSync(config, 'utf8'));

async function signing(token, artifact, out, type) {
  const builder = sign.bundleBuilderFromSigningConfig({
    signingConfig: specs.SigningConfig.fromJSON(signingConfig),
    identityProvider: { getToken: async () => token },
    bundleType: type ? 'dsseEnvelope' : 'messageSignature',
  });
  const bundle = await builder.create({ data: readFileSync(artifact), ...(type ? { type } : {}) });
  writeFileSync(out, JSON.stringify(bundles.bundleToJSON(bundle)));
}

function verifying(file, artifact, policy) {
  const bundle = bundles.bundleFromJSON(JSON.parse(readFileSync(file, 'utf8')));
  const data = bundle.content.$case === 'messageSignature' ? readFileSync(artifact) : undefined;
  const material = verify.toTrustMaterial(specs.TrustedRoot.fromJSON(trustedRoot));
  const verifier = new verify.Verifier(material);
  verifier.verify(verify.toSignedEntity(bundle, data), policy);
}

if (command === 'sign') {
  await signing(...words);
} else if (command === 'verify') {
  const [bundle, artifact, identity, issuer] = words;
  verifying(bundle, artifact, { subjectAlternativeName: identity, extensions: { issuer } });
} else {
  process.exit(2);
}
