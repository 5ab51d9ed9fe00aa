import Foundation
import TestSupport
import Testing

/// Files of statistics programs: refused with a line of Python, which makes a table of the same values.
@Suite(
  .inputs { folder in
    try script(
      """
      import pandas, pyreadstat
      random = np.random.default_rng(3)
      n = 60
      table = pandas.DataFrame({
          'dose': random.normal(size=n), 'years': random.integers(20, 80, n), 'sex': random.choice(['f', 'm'], n),
          'reply': random.choice(['no', 'yes, often'], n)})
      table.loc[7, 'years'] = np.nan
      expected = table.drop(index=7)
      np.savez('expected.npz', dose=expected['dose'], years=expected['years'], sex=expected['sex'] == 'm',
               reply=expected['reply'] == 'yes, often')
      coded = table.assign(reply=(table['reply'] == 'yes, often').astype(float))
      labels = {'reply': {0: 'no', 1: 'yes, often'}}
      table.assign(reply=table['reply'].astype('category')).to_stata('trial.dta', write_index=False)
      for name, packed in [('survey.sav', False), ("it's.zsav", True)]:
          pyreadstat.write_sav(coded, name, variable_value_labels=labels, compress=packed)
      pyreadstat.write_xport(table, 'lab.xpt', file_format_version=8)
      table.to_parquet('a trial.parquet')
      table.to_feather('ward.feather')
      # Files that their names do not tell.
      table.to_parquet('trial-2.csv')
      # No program but SAS writes these.
      open('trial.sas7bdat', 'wb').write(bytes(12) + bytes.fromhex('c2ea8160') + bytes(5000))
      open('old.dta', 'wb').write(bytes(range(8)) * 100)
      open('text.dta', 'w').write('t,y,a\\n' + ''.join(f'{i},{i * i},{i % 7}\\n' for i in range(9)))
      """, in: folder)
  }) struct ForeignTableTests
{
  private static let columns = ["--treatment", "dose", "--covariates", "years,sex,reply", "--missing", "drop"]

  /// The line of Python by which a command refuses a file.
  private func remedy(_ command: String, _ file: String, _ words: String) throws -> String {
    let options = command == "shard" ? Self.columns + ["--out", "never"] : ["--groups", "2"]
    let result = try givDist([command, file] + options)
    #expect(result.exitCode == 65 && messages(result).count == 1, "\(result.error)")
    let wanted = command == "shard" ? "CSV" : "HDF5"
    #expect(
      result.error.hasPrefix(
        "giv-dist: error: \(file) is \(words), not \(wanted); make CSV of it for 'giv-dist shard': "))
    let line = try #require(result.error.firstMatch(of: /pip install [a-z ]+; (python3 -c .*)\n/), "\(result.error)")
    return String(line.1)
  }

  /// Runs a line of a shell with the Python of the tests.
  private func shell(_ line: String) throws -> CommandResult {
    let own = packageDirectory.appending(path: ".venv/bin/python").path
    let interpreter = ProcessInfo.processInfo.environment["GIV_PYTHON"] ?? own
    return try run(
      "bash", ["-c", "python3() { '\(interpreter)' \"$@\"; }; \(line)"], directory: SharedInputs.folder)
  }

  // The tables have names of their own: the cases run side by side.
  @Test(arguments: [
    ("trial.dta", "a Stata data set (dta)", "trial.csv"), ("survey.sav", "an SPSS data set (sav)", "survey.csv"),
    ("it's.zsav", "an SPSS data set (sav)", "it's.csv"), ("lab.xpt", "a SAS transport file (xpt)", "lab.csv"),
    ("a trial.parquet", "a Parquet file", "a trial.csv"), ("ward.feather", "an Arrow (Feather) file", "ward.csv"),
    ("trial-2.csv", "a Parquet file", "trial-2.csv.csv"),
  ])
  func `the line of the refusal makes a table of the same values`(file: String, words: String, table: String) throws {
    let line = try remedy("shard", file, words)
    #expect(try remedy("train", file, words) == line)
    let made = try shell(line)
    try #require(made.exitCode == 0, "\(line): \(made.error)")
    let out = "out-\(file)"
    let result = try givDist(["shard", table] + Self.columns + ["--out", out])
    try #require(result.exitCode == 0, "\(result.error)")
    try script(
      """
      expected = np.load('expected.npz')
      with h5py.File(sys.argv[2] + '/shard-00000.h5') as file:
          assert list(file.attrs['covariates']) == ['years', 'sex=m', 'reply=yes, often']
          assert file['t'][:].tolist() == expected['dose'].tolist() and len(file['t']) == 59
          for place, name in enumerate(['years', 'sex', 'reply']):
              assert file['x'][:, place].tolist() == expected[name].tolist(), name
      """, [out])
  }

  @Test func `a file that only SAS writes is refused with the line of its kind`() throws {
    let line = try remedy("shard", "trial.sas7bdat", "a SAS data set (sas7bdat)")
    // pyreadstat finds the function, and that nothing follows the first bytes.
    let result = try shell(line)
    #expect(result.exitCode != 0 && result.error.contains("ReadstatError"), "\(result.error)")
  }

  @Test func `bytes that are no text are known by the name, and text is read whatever its name`() throws {
    _ = try remedy("shard", "old.dta", "a Stata data set (dta)")
    let options = ["--treatment", "t", "--outcome", "y", "--covariates", "a", "--out", "text"]
    let result = try givDist(["shard", "text.dta"] + options)
    #expect(result.exitCode == 0, "\(result.error)")
  }
}
