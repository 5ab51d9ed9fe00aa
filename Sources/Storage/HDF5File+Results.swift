extension HDF5File {
  /// Writes a file of results, which has its name once it is whole, and says at its root what it is, where that comes from and
  /// what was asked for.
  ///
  /// - Parameters:
  ///   - origin: attributes, such as the digests of what the results were found from.
  ///   - configuration: all options, stored as JSON.
  ///   - body: writes the results.
  /// - Throws: ``Failure`` `cannotCreate`, and what `body` throws.
  public static func writeResults(
    to path: String, encodingType: String, encodingVersion: String, origin: [String: String],
    configuration: some Encodable, _ body: (borrowing HDF5File) throws -> Void
  ) throws {
    let target = try AtomicFile(path, force: true)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.setAttribute("encoding-type", .string(encodingType))
    try file.setAttribute("encoding-version", .string(encodingVersion))
    for (name, text) in origin.sorted(by: { $0.key < $1.key }) { try file.setAttribute(name, .string(text)) }
    try file.setAttribute("configuration", .string(try jsonText(configuration)))
    try body(file)
    try file.close()
    try target.commit()
  }
}
