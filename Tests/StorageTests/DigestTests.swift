import Diagnostics
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct DigestTests {
  @Test func `Digests are those of the published examples`() {
    // FIPS 180-2, appendix B, and the empty message.
    #expect(SHA256Digest().finalize() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    var digest = SHA256Digest()
    digest.update(Array("abc".utf8))
    #expect(digest.finalize() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    digest = SHA256Digest()
    for _ in 0..<1000 { digest.update([UInt8](repeating: 97, count: 1000)) }
    #expect(digest.finalize() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `Neighbouring texts do not run together`() {
    func digest(_ texts: [String]) -> String {
      var digest = SHA256Digest()
      for text in texts { digest.update(text) }
      return digest.finalize()
    }
    #expect(digest(["ab", "c"]) != digest(["a", "bc"]))
  }

  @Test func `A file is read in pieces`() throws {
    let folder = try ScratchFolder()
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Data(bytes).write(to: URL(filePath: folder.file("a")))
    var digest = SHA256Digest()
    digest.update(bytes)
    #expect(try SHA256Digest.ofFile(folder.file("a")) == digest.finalize())
    #expect(failure { _ = try SHA256Digest.ofFile(folder.file("b")) }?.exitCode == .noInput)
  }
}
