import Diagnostics
import Frames
import Shards
import Storage

/// The datasets and attributes of a panel file, each read and checked by itself.
struct PanelParts {
  let file: String
  let names: PanelDatasetNames

  /// The extents of the outcomes, and the other files in which they lie.
  func outcomeShape(in file: borrowing HDF5File) throws -> (shape: [Int], otherFiles: [String]) {
    guard try file.hasDataset(names.outcome) else {
      throw Failure(
        .data,
        "\(file.path) has no dataset '\(names.outcome)' (outcomes of a panel); it holds: \(file.datasetList()); name the one "
          + "to use with --y")
    }
    let dataset = try file.dataset(names.outcome)
    let otherFiles = try dataset.requireStored()
    let kind = try dataset.elementKind()
    guard kind == .float || kind == .integer else {
      throw Failure(
        .data, "\(dataset.location) holds \(kind.description); outcomes must be numbers: write them as float64")
    }
    let shape = try dataset.shape()
    guard (2...3).contains(shape.count), shape.allSatisfy({ $0 > 0 }) else {
      throw Failure(
        .data,
        "\(dataset.location) has the shape \(shape); outcomes of a panel must be [units, periods] or [units, periods, "
          + "metrics], or the same with periods first and the attribute layout 'periods'")
    }
    return (shape, otherFiles)
  }

  /// What a row is: as the file says, or by which extent the arms have.
  func layout(
    in file: borrowing HDF5File, _ shape: [Int], unitCount: Int, known: Panel.Layout?
  ) throws -> Panel.Layout {
    if let known { return known }
    guard let attribute = try attribute("layout", in: file) else {
      return shape[0] != unitCount && shape[1] == unitCount ? .periods : .units
    }
    guard case .string(let text) = attribute, let layout = Panel.Layout(rawValue: text) else {
      throw Failure(.data, "\(file.path): the attribute 'layout' is none of 'units' and 'periods'; write one of them")
    }
    return layout
  }

  /// The arm of each unit, and the names of all; texts are arms in sorted order where no attribute lists them.
  func arms(in file: borrowing HDF5File, known: [String]?) throws -> (codes: [Int], names: [String]) {
    guard try file.hasDataset(names.arm) else {
      throw Failure(
        .data,
        "\(file.path) has no dataset '\(names.arm)' (the arm of each unit); it holds: \(file.datasetList()); name the one to "
          + "use with --arm")
    }
    let dataset = try file.dataset(names.arm)
    try requireVector(dataset)
    let rows = try 0..<dataset.rowCount()
    var listed = known
    if listed == nil,
      case .strings(let list)? = try attribute("arms", in: file) ?? file.attribute("arms", of: names.arm)
    {
      listed = list
    }
    if let listed, Set(listed).count < listed.count {
      throw Failure(
        .data, "\(file.path): two arms are named alike in \(listed.joined(separator: ", ")); name each once")
    }
    guard try dataset.elementKind() == .string else {
      let codes = try dataset.readCodes(rows: rows, of: .arm).map { Int($0) }
      return (codes, listed ?? (0...max(0, codes.max() ?? 0)).map(String.init))
    }
    let texts = try dataset.readStrings(rows: rows)
    let list = listed ?? sortedByCodePoints(Set(texts))
    let places = Dictionary(uniqueKeysWithValues: list.enumerated().map { ($1, $0) })
    return (
      try texts.enumerated().map { row, text in
        guard let place = places[text] else {
          throw Failure(
            .data,
            "\(dataset.location), row \(row) (counted from 0): '\(text)' is none of the arms \(list.joined(separator: ", ")); "
              + "correct it, or list it in the attribute arms")
        }
        return place
      }, list
    )
  }

  /// Refuses a code that no arm has.
  func requireArms(_ codes: [Int], of arms: [String], _ units: Identifiers) throws {
    guard let row = codes.firstIndex(where: { !arms.indices.contains($0) }) else { return }
    throw Failure(
      .data,
      "\(file): dataset '\(names.arm)', unit '\(units.texts[row])' (row \(row), counted from 0): \(codes[row]) is no code of "
        + "the \(arms.count) arms \(arms.joined(separator: ", ")); correct it, or list the arm in the attribute arms")
  }

  /// The labels of the periods: the attribute, or the dataset of times.
  func periods(in file: borrowing HDF5File) throws -> Identifiers {
    let isNamed = names.time != PanelDatasetNames().time
    if !isNamed {
      switch try attribute("periods", in: file) {
      case .integers(let labels): return .integers(labels)
      case .strings(let labels): return .strings(labels)
      case .numbers(let labels):
        return .integers(
          try labels.map { label in
            guard let integer = Int64(exactly: label) else {
              throw Failure(
                .data, "\(file.path): the attribute 'periods' holds \(label); periods are whole numbers or texts")
            }
            return integer
          })
      default: break
      }
    }
    guard try file.hasDataset(names.time) else {
      throw Failure(
        .data,
        "\(file.path) has no \(isNamed ? "" : "attribute 'periods' and no ")dataset '\(names.time)' (the labels of the periods); it "
          + "holds: \(file.datasetList()); name the one to use with --time")
    }
    return try labels(names.time, in: file)
  }

  /// The names of the units; nil where there are none.
  func identifiers(in file: borrowing HDF5File) throws -> Identifiers? {
    guard try has(names.identifier, standard: PanelDatasetNames().identifier, "--id", in: file) else { return nil }
    return try labels(names.identifier, in: file)
  }

  /// The first period of each unit under its arm, -1 for never; nil where there are none.
  func starts(in file: borrowing HDF5File) throws -> [Int?]? {
    guard try has(names.start, standard: PanelDatasetNames().start, "--start", in: file) else { return nil }
    let dataset = try file.dataset(names.start)
    try requireVector(dataset)
    return try dataset.readCodes(rows: 0..<dataset.rowCount(), of: .arm).map { $0 == -1 ? nil : Int($0) }
  }

  /// The names of the outcomes: the attribute, or that of the dataset.
  func metrics(in file: borrowing HDF5File, count: Int) throws -> [String] {
    switch try attribute("metrics", in: file) {
    case .strings(let names): return names
    case .string(let name): return [name]
    default: return count == 1 ? [names.outcome] : (0..<count).map { "\(names.outcome)[\($0)]" }
    }
  }

  func requireCount(_ count: Int, _ name: String, _ wanted: Int, _ what: String, _ shape: [Int]) throws {
    guard count != wanted else { return }
    throw Failure(
      .data,
      "\(file): '\(name)' has \(count) entries, and dataset '\(names.outcome)' of the shape \(shape) has \(wanted) \(what); all "
        + "must agree")
  }

  private func has(_ name: String, standard: String, _ option: String, in file: borrowing HDF5File) throws -> Bool {
    let isThere = try file.hasDataset(name)
    guard isThere || name == standard else {
      throw Failure(.data, "\(file.path) has no dataset '\(name)' (\(option)); it holds: \(file.datasetList())")
    }
    return isThere
  }

  private func labels(_ name: String, in file: borrowing HDF5File) throws -> Identifiers {
    let dataset = try file.dataset(name)
    try requireVector(dataset)
    let rows = try 0..<dataset.rowCount()
    return try dataset.elementKind() == .string
      ? .strings(dataset.readStrings(rows: rows)) : .integers(dataset.readCodes(rows: rows, of: .identifier))
  }

  /// An attribute of the file, or of its outcomes.
  private func attribute(_ name: String, in file: borrowing HDF5File) throws -> HDF5Attribute? {
    try file.attribute(name) ?? file.attribute(name, of: names.outcome)
  }

  private func requireVector(_ dataset: borrowing HDF5Dataset) throws {
    try dataset.requireStored()
    let (kind, shape) = try (dataset.elementKind(), dataset.shape())
    guard shape.count == 1 else {
      throw Failure(.data, "\(dataset.location) has the shape \(shape); one entry for each is needed")
    }
    guard [.integer, .float, .string].contains(kind) else {
      throw Failure(.data, "\(dataset.location) holds \(kind.description); write integers or strings")
    }
  }
}
