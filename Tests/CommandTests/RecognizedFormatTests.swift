import Foundation
import TestSupport
import Testing

/// Tables of a spreadsheet with semicolons and decimal commas, given to each command that reads tables.
@Suite(
  .inputs { folder in
    try script(
      """
      rows = ['state,year,packs,policy']
      rows += [f'{s},{y},{10 * i + y % 7}.{i}5,{["none", "tax"][i % 2]}' for i, s in enumerate('ABCD') for y in range(2000, 2006)]
      plain = '\\n'.join(rows) + '\\n'
      open('plain.csv', 'w').write(plain)
      open('german.csv', 'w').write(plain.replace(',', ';').replace('.', ','))
      """, in: folder)
  }) struct RecognizedFormatTests
{
  @Test(arguments: [
    "panel --unit state --time year --outcome packs --arm policy", "table --columns state,packs,policy",
    "shard --treatment packs --outcome year --covariates state --keep policy",
  ])
  func `each reads them as the plain table, and says how`(command: String) throws {
    let words = command.split(separator: " ").map(String.init)
    let name = words[0]
    for table in ["plain", "german"] {
      let result = try givDist([name, "\(table).csv"] + words.dropFirst() + ["--out", "\(name)-\(table)"])
      try #require(result.exitCode == 0, "\(result.error)")
      let note =
        "note: german.csv was read with ';' between columns and decimal commas; say --delimiter , or --decimal-mark ."
      #expect(result.output.contains(note) == (table == "german"), "\(result.output)")
    }
    try script(
      """
      def values(folder):
          found = {}
          with h5py.File(folder + '/shard-00000.h5') as file:
              file.visititems(lambda name, item: found.update({name: item[()].tolist()}) if hasattr(item, 'shape') else None)
          return found
      assert values(sys.argv[2] + '-plain') == values(sys.argv[2] + '-german') != {}
      """, [name])
    let told = try givDist([name, "german.csv"] + words.dropFirst() + ["--out", "\(name)-said", "--delimiter", ","])
    #expect(told.exitCode == 65 && !told.output.contains("note:"), "\(told.output)")
  }
}
