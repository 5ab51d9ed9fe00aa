/// A picture that gnuplot draws: its data, and the commands that draw them.
package struct Figure: Sendable {
  package enum Value: Sendable, Equatable {
    case number(Double?)
    case text(String)
  }

  package struct Column: Sendable {
    package let name: String
    package let values: [Value]

    package init(_ name: String, _ values: [Double?]) { (self.name, self.values) = (name, values.map(Value.number)) }
    package init(_ name: String, _ values: [String]) { (self.name, self.values) = (name, values.map(Value.text)) }
  }

  /// What its files are called: small letters, digits and dashes.
  package let name: String
  /// What is shown, as it stands beside the picture.
  package let caption: String
  /// What a reader who does not see the picture should know of it.
  package let alternative: String
  package let columns: [Column]
  /// Commands before the plot.
  package let settings: [String]
  /// What is plotted; columns are named by `"NAME"`, and ``data`` is the file of them.
  package let plots: [String]
  /// The height of a picture that is 720 wide.
  package let height: Int

  /// - Precondition: columns of one length.
  package init(
    _ name: String, caption: String, alternative: String, columns: [Column], settings: [String], plots: [String],
    height: Int = 380
  ) {
    precondition(columns.allSatisfy { $0.values.count == columns[0].values.count })
    self.name = name
    self.caption = caption
    self.alternative = alternative
    self.columns = columns
    self.settings = settings
    self.plots = plots
    self.height = height
  }

  package var rows: Range<Int> { columns.first?.values.indices ?? 0..<0 }

  // MARK: Files

  /// The data with a line of names, separated by tabs; NaN where a number is not defined.
  package var tsv: String {
    ([columns.map { Self.field(.text($0.name)) }]
      + rows.map { row in columns.map { Self.field($0.values[row]) } })
      .map { $0.joined(separator: "\t") + "\n" }.joined()
  }

  private static func field(_ value: Value) -> String {
    switch value {
    case .number(let number): number.flatMap { $0.isFinite ? "\($0)" : nil } ?? "NaN"
    case .text(let text): text.onOneField
    }
  }

  /// Blue, vermilion, green and so on as Okabe and Ito chose them to be told apart by the colour-blind; marks and dashes
  /// differ as well.
  private static let colors = ["0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9", "000000", "8C8C00"]

  /// Draws `FILE.svg` and `FILE.pdf` from `FILE.tsv` in the folder where it is run.
  ///
  /// - Parameter file: the name of the files without extension.
  package func script(_ file: String) -> String {
    let types = Self.colors.enumerated().map { index, color in
      "set linetype \(index + 1) linecolor rgb '#\(color)' linewidth 2 dashtype \(index % 5 + 1) "
        + "pointtype \([7, 5, 9, 13, 11, 6, 4, 8][index]) pointsize 0.7"
    }
    return """
      # \(caption.onOneField)
      # Draw it again, in this folder: gnuplot \(file).gp
      set encoding utf8
      set datafile separator tab
      set datafile columnheaders
      set datafile missing 'NaN'
      set datafile commentschars ''
      data = '\(file).tsv'
      \(types.joined(separator: "\n"))
      set linetype cycle \(types.count)
      set border 3
      set tics nomirror out
      set grid linecolor rgb '#DDDDDD' linewidth 1 dashtype 1
      set key outside top center horizontal
      set style fill transparent solid 0.25 noborder
      set bars small
      \(settings.joined(separator: "\n"))
      do for [kind in 'svg pdf'] {
        if (kind eq 'svg') {
          set terminal svg size 720,\(height) dynamic font 'sans-serif,13' noenhanced
        } else {
          set terminal pdfcairo size 18cm,\(Double(height) / 40)cm font 'sans,10' noenhanced
        }
        set output '\(file).'.kind
        plot \(plots.joined(separator: ", \\\n    "))
      }

      """
  }
}

extension String {
  /// Without tabs, ends of lines and quotation marks, which mean something to readers of tables.
  fileprivate var onOneField: String {
    String(map { $0.isNewline || $0 == "\t" ? " " : $0 == "\"" ? "'" : $0 })
  }

  /// As a text of gnuplot, which substitutes nothing in it, the same as it stands in the data.
  var asGnuplotText: String { "'" + onOneField.replacing("'", with: "''") + "'" }
}
