/// A picture that a program draws from files, of which one can draw it again.
protocol Drawing: Sendable {
  /// What its files are called: small letters, digits and dashes.
  var name: String { get }
  /// What is shown, as it stands beside the picture.
  var caption: String { get }
  /// What a reader who does not see the picture should know of it.
  var alternative: String { get }
  var program: DrawingProgram.Name { get }

  /// The files that it is drawn from, by the ends of their names: what it shows first, what the program reads last.
  ///
  /// - Parameter file: the name of all its files without extension.
  func sources(_ file: String) -> [(extension: String, text: String)]

  /// With what the program is called in the folder of the files to write `FILE.svg` and `FILE.pdf`.
  func arguments(_ file: String) -> [String]
}

extension Figure: Drawing {
  var program: DrawingProgram.Name { .gnuplot }
  func sources(_ file: String) -> [(extension: String, text: String)] { [("tsv", tsv), ("gp", script(file))] }
  func arguments(_ file: String) -> [String] { ["\(file).gp"] }
}
