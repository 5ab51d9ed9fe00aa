import Diagnostics
import Frames
import Storage

/// A dataset that was found fit for its role.
struct RoleDataset {
  let location: String
  let rowCount: Int
  let columnCount: Int
  let isText: Bool
  /// The files other than its own in which values of it lie.
  let otherFiles: [String]
  private let coding: HDF5ValueCoding?

  /// Looks at a dataset, of which it reads only codes that are stored as floating-point numbers.
  ///
  /// - Throws: ``Failure`` when the type or shape is none for the role, values of it cannot be read, or codes are none.
  init(_ role: Role, _ name: String, in file: borrowing HDF5File) throws {
    let dataset = try file.dataset(name)
    otherFiles = try dataset.requireStored()
    let kind = try dataset.elementKind()
    isText = kind == .string
    guard kind == .float || kind == .integer || role == .identifier && isText else {
      throw Failure(
        .data,
        "\(dataset.location) holds \(kind.description); \(role.datasetWord) must be "
          + (role == .identifier ? "integers or strings" : "numbers: write them as float64 or int64"))
    }
    let shape = try dataset.shape()
    let columns = shape.count > 1 ? shape[1] : 1
    if shape.count == 2, shape[0] == 1, columns > 1, role != .covariate {
      throw Self.transposed(name, shape, in: file.path)
    }
    guard (1...2).contains(shape.count), columns >= 1, role == .covariate || columns == 1 else {
      let wanted = role == .covariate ? "[rows, covariates]" : "[rows]"
      throw Failure(.data, "\(dataset.location) has the shape \(shape); \(role.datasetWord) must be \(wanted)")
    }
    if try file.attribute("MATLAB_class", of: name) == .string("char") {
      throw Failure(.data, "\(dataset.location) holds characters of MATLAB; write them as strings, one for each row")
    }
    if role == .source || role == .identifier { try dataset.requireCodes(of: role) }
    location = dataset.location
    rowCount = shape[0]
    columnCount = columns
    coding = isText ? nil : try dataset.valueCoding(in: file)
  }

  /// That values are scaled, where they are.
  func finding(of role: Role, _ name: String) -> Finding? {
    guard role != .source, role != .identifier, let words = coding?.scalingWords else { return nil }
    return .note(.valuesScaled, [.column: .name(name), .reason: .name(words)])
  }

  /// The failure of an array whose first dimension is that of columns.
  static func transposed(_ name: String, _ shape: [Int], in path: String) -> Failure {
    Failure(.data, "\(path): dataset '\(name)' has the shape \(shape): \(transpositionWords(name, in: path))")
  }
}

/// That a dataset looks transposed, and how to turn it.
package func transpositionWords(_ name: String, in path: String) -> String {
  "it looks transposed, as arrays of MATLAB and R are; turn it, in Python by: import h5py; f = h5py.File('\(path)', 'r+'); "
    + "a = f['\(name)'][()].T; del f['\(name)']; f['\(name)'] = a"
}
