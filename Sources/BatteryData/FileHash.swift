internal import CCrypto

/// SHA-256 of bytes, in lower-case hexadecimal.
public func sha256(_ bytes: [UInt8]) -> String {
  var digest = [UInt8](repeating: 0, count: 32)
  var length = 0
  EVP_Q_digest(nil, "SHA256", nil, bytes, bytes.count, &digest, &length)
  let hex = Array("0123456789abcdef".utf8)
  var out: [UInt8] = []
  for byte in digest {
    out.append(hex[Int(byte >> 4)])
    out.append(hex[Int(byte & 15)])
  }
  return String(decoding: out, as: UTF8.self)
}
