import Diagnostics
import Foundation
import Glibc
import Storage
import TestSupport
import Testing

@Suite struct HDF5FileTests {
  @Test func `Numbers strings groups and attributes come back`() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    try file.write([1.5, -0.0, .infinity, 4, 5, 6], shape: [2, 3], to: "a/b/matrix")
    try file.write([Int64.min, 0, .max], to: "integers")
    try file.write([Int32.min, 7], to: "small")
    try file.write(["", "ä", "long enough to be longer"], to: "a/words")
    try file.write([2.5], shape: [], to: "single")
    try file.createDataset("growing", of: Double.self, shape: [0, 2], isExtendible: true)
    try file.dataset("growing").append([1.0, 2, 3, 4])
    try file.dataset("growing").append([5.0, 6])
    let attributes: [(String, HDF5Attribute)] = [
      ("text", .string("grüß")), ("texts", .strings(["a", "", "c"])), ("count", .integer(-3)),
      ("counts", .integers([1, 2])), ("number", .number(0.1)), ("numbers", .numbers([1, .nan])),
    ]
    for (name, value) in attributes.dropLast() { try file.setAttribute(name, value) }
    try file.setAttribute("numbers", .numbers([1, 2]), of: "a/b/matrix")
    try file.close()

    let reader = try HDF5File.open(path)
    #expect(try reader.dataset("a/b/matrix").shape() == [2, 3])
    #expect(try reader.dataset("a/b/matrix").read(Double.self, rows: 1..<2) == [4, 5, 6])
    #expect(try reader.dataset("a/b/matrix").read(Double.self)[1].sign == .minus)
    #expect(try reader.dataset("integers").read(Int64.self) == [.min, 0, .max])
    #expect(try reader.dataset("small").read(Int32.self) == [.min, 7])
    #expect(try reader.dataset("a/words").readStrings(rows: 0..<3) == ["", "ä", "long enough to be longer"])
    #expect(try reader.dataset("single").read(Double.self) == [2.5])
    #expect(try reader.dataset("growing").shape() == [3, 2])
    #expect(try reader.dataset("growing").read(Double.self, rows: 1..<3) == [3, 4, 5, 6])
    for (name, value) in attributes.dropLast() { #expect(try reader.attribute(name) == value) }
    #expect(try reader.attribute("numbers", of: "a/b/matrix") == .numbers([1, 2]))
    #expect(try reader.attribute("none") == nil)
    #expect(reader.datasetNames() == ["a/b/matrix", "a/words", "growing", "integers", "single", "small"])
    #expect(try reader.hasDataset("/a/words"))
    #expect(try !reader.hasDataset("a") && !reader.hasDataset("a/none/b") && !reader.hasDataset("single/b"))
  }

  @Test func `Failures name file dataset and reason`() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    try file.write([1.0], to: "x")
    let twice = failure { try file.write([1.0], to: "x") }
    #expect(twice?.exitCode == .inputOutput)
    #expect(twice?.message.hasPrefix("\(path): dataset 'x': H5Dcreate2 failed: ") == true)
    #expect(twice?.message.contains("name already exists") == true)
    try file.close()
    let existing = failure { _ = try HDF5File.create(path) }
    #expect(existing?.exitCode == .cannotCreate && existing?.message.contains("H5Fcreate") == true)
    let reader = try HDF5File.open(path)
    let missing = failure { _ = try reader.dataset("y") }
    #expect(missing == Failure(.data, "\(path) has no dataset 'y'; it holds: x"))
    #expect(failure { _ = try reader.dataset("x").read(Int64.self) }?.message.contains("not integers") == true)
    #expect(failure { _ = try HDF5File.open(folder.path) }?.exitCode == .noInput)
  }

  @Test func `A closed file is free although a process that was forked meanwhile still holds it`() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.h5")
    let file = try HDF5File.create(path)
    try file.write([1.0, 2], to: "t")
    let descriptor = try #require(
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap(Int32.init).first {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasSuffix(path) == true
      })
    // A copy of the descriptor shares the lock as that of a forked process does.
    let held = dup(descriptor)
    defer { Glibc.close(held) }
    try file.close()
    #expect(try HDF5File.open(path).dataset("t").read(Double.self) == [1, 2])
  }

  @Test func `Threads share the library`() async throws {
    let folder = try ScratchFolder()
    let values = (0..<3_000).map { Double($0 * 7919 % 3_000) / 7 }
    let path = folder.file("a.h5")
    let written = try HDF5File.create(path)
    try written.write(values, to: "t")
    try written.close()
    let sums = try await withThrowingTaskGroup(of: Double.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var sum = 0.0
          for start in stride(from: 0, to: 3_000, by: 100) {
            let file = try HDF5File.open(path)
            sum += try file.dataset("t").read(Double.self, rows: start..<start + 100).reduce(0, +)
          }
          return sum
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(sums).count == 1)
    #expect(abs(sums[0] - values.reduce(0, +)) < 1e-9)
  }
}
