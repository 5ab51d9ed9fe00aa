internal import CHDF5
import Diagnostics
import FoundationEssentials

/// A dataset of a file, the same by whatever path.
struct HDF5Place: Equatable {
  let file: ResolvedPath?
  let dataset: String
}

/// A part of a virtual dataset and the source, or the numbered sources, that it is taken from.
private struct VirtualMapping: ~Copyable {
  let file: HDF5NamePattern
  let dataset: HDF5NamePattern
  /// The elements of the virtual dataset that it fills.
  let target: HDF5Selection
  /// The elements of a source.
  let source: HDF5Selection

  var isNumbered: Bool { file.hasBlock || dataset.hasBlock }
}

extension HDF5Dataset {
  /// Checks the sources of a virtual dataset down to the leaves, for the library reads fill values where one cannot be
  /// read or nothing is mapped.
  func requireSources(_ creation: borrowing HDF5Handle, reachedFrom chain: [HDF5Place]) throws -> [String] {
    let place = HDF5Place(file: ResolvedPath(try containingFile()), dataset: try pathInFile())
    guard !chain.contains(place) else {
      throw Failure(.data, "\(location) is virtual, and its values come from itself; name the datasets that hold them")
    }
    var count = 0
    try HDF5Library.check("H5Pget_virtual_count", on: location, exitCode) {
      H5Pget_virtual_count(creation.id, &count)
    }
    var files: [String] = []
    var shapes: [[[Int]]] = []
    for index in 0..<count {
      let mapping = try mapping(index, of: creation)
      let sources = try sources(of: mapping, reachedFrom: chain + [place])
      files += sources.files
      shapes.append(sources.shapes)
    }
    // Now that there is no cycle, the library may be asked for the extents, which depend on the sources.
    try requireCoverage(creation, shapes)
    return files
  }

  private func mapping(_ index: Int, of creation: borrowing HDF5Handle) throws -> VirtualMapping {
    let id = creation.id
    let file = HDF5NamePattern(
      try HDF5Text.name("H5Pget_virtual_filename", on: location, exitCode) {
        H5Pget_virtual_filename(id, index, $0, $1)
      })
    let dataset = HDF5NamePattern(
      try HDF5Text.name("H5Pget_virtual_dsetname", on: location, exitCode) {
        H5Pget_virtual_dsetname(id, index, $0, $1)
      })
    let words = "\(location), source \(sourceWords(file.name(ofBlock: 0), dataset.name(ofBlock: 0)))"
    return VirtualMapping(
      file: file, dataset: dataset,
      target: try HDF5Selection("H5Pget_virtual_vspace", on: location) { H5Pget_virtual_vspace(id, index) },
      source: try HDF5Selection("H5Pget_virtual_srcspace", on: words) { H5Pget_virtual_srcspace(id, index) })
  }

  // MARK: Sources

  /// Checks the sources of a mapping: their files, and the shape of each.
  private func sources(
    of mapping: borrowing VirtualMapping, reachedFrom chain: [HDF5Place]
  ) throws -> (files: [String], shapes: [[Int]]) {
    guard mapping.isNumbered else {
      let (files, shape) = try source(
        mapping.file.name(ofBlock: 0), mapping.dataset.name(ofBlock: 0), reachedFrom: chain)
      return (files, [shape])
    }
    // The library counts blocks until one is missing; those behind it would be lost.
    var files: [String] = []
    var shapes: [[Int]] = []
    while try isThere(block: shapes.count, of: mapping) {
      let (more, shape) = try source(
        mapping.file.name(ofBlock: shapes.count), mapping.dataset.name(ofBlock: shapes.count), reachedFrom: chain)
      files += more
      shapes.append(shape)
    }
    if let later = try lastBlock(of: mapping), later > shapes.count {
      let missing = sourceWords(mapping.file.name(ofBlock: shapes.count), mapping.dataset.name(ofBlock: shapes.count))
      throw Failure(
        .noInput, "\(location) is virtual, and its source \(missing) is missing while there is one of number \(later)")
    }
    return (files, shapes)
  }

  private func isThere(block: Int, of mapping: borrowing VirtualMapping) throws -> Bool {
    guard let path = try pathOfSource(mapping.file.name(ofBlock: block)) else { return false }
    guard mapping.dataset.hasBlock else { return true }
    return try HDF5File.open(path).hasDataset(mapping.dataset.name(ofBlock: block))
  }

  /// The highest number that a source has.
  private func lastBlock(of mapping: borrowing VirtualMapping) throws -> Int? {
    if mapping.file.hasBlock {
      let name = mapping.file.name(ofBlock: 0)
      let folder = HDF5OtherFile.folder(
        of: try pathOfSource(name) ?? HDF5OtherFile.folder(of: containingFile()) + "/" + name)
      let pattern = HDF5NamePattern(lastComponentOf: mapping.file)
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.compactMap(pattern.block).max()
    }
    guard let path = try pathOfSource(mapping.file.name(ofBlock: 0)) else { return nil }
    return try HDF5File.open(path).datasetNames().compactMap { name in
      mapping.dataset.block(of: name) ?? mapping.dataset.block(of: "/" + name)
    }.max()
  }

  /// Checks one source, and says what files its values lie in and what shape it has.
  private func source(
    _ fileName: String, _ dataset: String, reachedFrom chain: [HDF5Place]
  ) throws -> (files: [String], shape: [Int]) {
    let words = sourceWords(fileName, dataset)
    guard let path = try pathOfSource(fileName) else {
      throw Failure(
        .noInput,
        "\(location) is virtual, and its source \(words) is missing; put the file beside it, or name its folder in the "
          + "environment variable HDF5_VDS_PREFIX")
    }
    do {
      let file = try HDF5File.open(path)
      let source = try file.dataset(dataset)
      let files = try source.requireStored(reachedFrom: chain)
      try requireNarrower(source)
      return ([path] + files, try source.shape())
    } catch let failure as Failure {
      throw Failure(
        failure.exitCode, "\(location) is virtual, and its source \(words) cannot be read: \(failure.message)")
    }
  }

  private func sourceWords(_ file: String, _ dataset: String) -> String {
    file == "." ? "'\(dataset)' of the same file" : "'\(dataset)' of \(file)"
  }

  private func pathOfSource(_ name: String) throws -> String? {
    let file = try containingFile()
    return name == "." ? file : HDF5OtherFile.source(name, of: file)
  }

  /// Refuses a source whose values the virtual dataset cannot hold: the library would round or cut them.
  private func requireNarrower(_ source: borrowing HDF5Dataset) throws {
    let own = try openType()
    let other = try source.openType()
    guard HDF5Library.locked({ HDF5NumberRange.holds(own.id, other.id) }) else {
      throw Failure(
        .data,
        "it holds \(try source.typeWords()), which the \(try typeWords()) of the virtual dataset cannot stand for; "
          + "declare the virtual dataset with the type of its sources")
    }
  }

  // MARK: Coverage

  /// - Parameter shapes: those of the sources of each mapping.
  private func requireCoverage(_ creation: borrowing HDF5Handle, _ shapes: [[[Int]]]) throws {
    let extents = try shape()
    let total = try elementCount()
    guard total > 0 else { return }
    var covered = try HDF5Selection.none(of: extents, on: location)
    for (index, shapes) in shapes.enumerated() {
      let mapping = try mapping(index, of: creation)
      let target = try mapping.target.clipped(to: extents)
      let available = try shapes.reduce(0) { try $0 + mapping.source.clipped(to: $1).count() }
      let needed = try target.count()
      guard available >= needed, mapping.target.isUnlimited || available == needed else {
        let words = sourceWords(mapping.file.name(ofBlock: 0), mapping.dataset.name(ofBlock: 0))
        throw Failure(
          .data,
          "\(location) is virtual and takes \(needed) values from its source \(words), which has \(available); write the "
            + "source, or the virtual dataset, again")
      }
      try covered.formUnion(target)
    }
    let count = try covered.count()
    guard count == total else {
      let row = try covered.firstRowOutside(of: extents)
      throw Failure(
        .data,
        "\(location) is virtual, and \(total - count) of its \(total) values have no source, first in row \(row) (counted "
          + "from 0); they would be read as fill values: map them, or cut the dataset")
    }
  }
}

extension HDF5NamePattern {
  /// The pattern of the file's name without its folder.
  fileprivate init(lastComponentOf pattern: HDF5NamePattern) {
    let escaped = pattern.parts.map { $0.replacing("%", with: "%%") }.joined(separator: "%b")
    self.init(escaped.lastIndex(of: "/").map { String(escaped[escaped.index(after: $0)...]) } ?? escaped)
  }
}
