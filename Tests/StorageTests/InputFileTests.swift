import Diagnostics
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct InputFileTests {
  /// Makes a pipe, and gives it what another process writes.
  private func withPipe<Value>(
    _ bytes: [UInt8], in scratch: ScratchFolder, _ body: (String) throws -> Value
  ) throws -> Value {
    let (pipe, source) = (scratch.file("pipe"), scratch.file("source"))
    try Data(bytes).write(to: URL(fileURLWithPath: source))
    #expect(mkfifo(pipe, 0o600) == 0)
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", "exec cat \"$0\" > \"$1\" 2> /dev/null", source, pipe]
    try writer.run()
    defer { writer.waitUntilExit() }
    return try body(pipe)
  }

  private func bytes(_ input: InputFile) throws -> [UInt8] {
    let source = try openText(input)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1000)
    while true {
      let count = try piece.withUnsafeMutableBytes { try source.read(into: $0) }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }

  @Test(arguments: [0, 5, 100_000, 3_000_000])
  func `a pipe can be read twice, and its copy has no name`(count: Int) throws {
    let scratch = try ScratchFolder()
    let content = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 23) }
    try withPipe(content, in: scratch) { pipe in
      let input = try InputFile(pipe)
      #expect(try bytes(input) == content)
      #expect(try bytes(input) == content)
      #expect(input.path == pipe)
      #expect(try scratch.contents == ["pipe", "source"])
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).allSatisfy {
          !$0.hasPrefix("giv-dist-")
        })
    }
  }

  @Test func `HDF5 through a pipe is refused at once`() throws {
    let scratch = try ScratchFolder()
    let head: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] + [UInt8](repeating: 0, count: 100)
    try withPipe(head, in: scratch) { pipe in
      let failure = failure { _ = try InputFile(pipe) }
      #expect(failure?.exitCode == .data)
      #expect(failure?.message.contains("is a pipe that gives HDF5") == true)
    }
  }

  @Test func `nothing waits for a pipe that must be a file`() throws {
    let scratch = try ScratchFolder()
    let pipe = scratch.file("pipe.h5")
    #expect(mkfifo(pipe, 0o600) == 0)
    let refusals = [
      failure { _ = try HDF5File.open(pipe) }, failure { _ = try SHA256Digest.ofFile(pipe) },
      failure { _ = try WholeFile.bytes(pipe) },
    ]
    for refusal in refusals {
      #expect(refusal?.exitCode == .noInput)
      #expect(refusal?.message.contains("pipe.h5 is a pipe") == true, "\(refusal?.message ?? "")")
    }
  }

  @Test(arguments: [("/", "is a folder"), ("/dev/null", "is a device"), ("/no/such", "No such file or directory")])
  func `what is no file is named`(path: String, words: String) {
    let failure = failure { _ = try InputFile(path) }
    #expect(failure?.exitCode == .noInput)
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
  }

  @Test func `gzip is read as what it holds, in one piece or several, and damage is refused`() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("table.csv.gz")
    let made = try python([
      "-c",
      """
      import gzip, random, sys
      r = random.Random(1)
      text = "".join("%r,%d\\n" % (r.random(), i) for i in range(20000)).encode()
      packed = gzip.compress(text[:777]) + gzip.compress(text[777:])
      open(sys.argv[1], "wb").write(packed)
      open(sys.argv[1] + ".plain", "wb").write(text)
      open(sys.argv[1] + ".cut", "wb").write(packed[:-9])
      open(sys.argv[1] + ".damaged", "wb").write(packed[:90000] + b"damaged" + packed[90007:])
      """, path,
    ])
    try #require(made.exitCode == 0, "\(made.error)")
    #expect(try bytes(InputFile(path)) == Array(Data(contentsOf: URL(fileURLWithPath: path + ".plain"))))
    for suffix in [".cut", ".damaged"] {
      let failure = failure { _ = try bytes(InputFile(path + suffix)) }
      #expect(failure?.exitCode == .data)
      #expect(failure?.message.contains("the gzip file is damaged or cut off") == true, "\(failure?.message ?? "")")
    }
  }
}
