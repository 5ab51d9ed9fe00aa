import Pages
import Testing

/// The files of figures.
@Suite struct FigureTests {
  private let figure = Figure(
    "name", caption: "a 'caption'\nof two lines", alternative: "a",
    columns: [
      Figure.Column("unit", ["North\t\"A\"", "it's"]), Figure.Column("value", [1.5, nil]),
      Figure.Column("end", [.infinity, -1e-300]),
    ], settings: [], plots: ["data using 2:3"])

  @Test func `data are a table that other programs read`() {
    #expect(figure.tsv == "unit\tvalue\tend\nNorth 'A'\t1.5\tNaN\nit's\tNaN\t-1e-300\n")
  }

  @Test func `a script draws both pictures from the data beside it`() {
    let script = figure.script("run-name")
    #expect(script.hasPrefix("# a 'caption' of two lines\n"))
    #expect(script.contains("data = 'run-name.tsv'\n") && script.contains("set output 'run-name.'.kind\n"))
    #expect(script.contains("set terminal svg ") && script.contains("set terminal pdfcairo "))
    #expect(script.contains("plot data using 2:3\n"))
  }
}

/// CSV tables of runs.
@Suite struct DelimitedTableTests {
  @Test func `quoted fields hold commas, quotes and ends of lines`() {
    let table = DelimitedTable("unit,value\n\"a, \"\"b\"\"\nc\",1.5\nd,\n,-2\nbroken\n")
    #expect(table.names == ["unit", "value"] && table.rows.count == 3)
    #expect(table.texts("unit") == ["a, \"b\"\nc", "d", ""])
    #expect(table.numbers("value") == [1.5, nil, -2])
    #expect(table.texts("other") == ["", "", ""])
  }

  @Test(arguments: ["", "a,b\n", "a,b"]) func `there may be no rows`(text: String) {
    #expect(DelimitedTable(text).rows.isEmpty)
  }
}
