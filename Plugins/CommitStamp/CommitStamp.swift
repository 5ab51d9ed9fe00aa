import Foundation
import PackagePlugin

/// Makes the file that tells the commit, anew after every commit and every change of a source.
@main
struct CommitStamp: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let package = context.package
    let script = package.directoryURL.appending(path: "launch/commit.sh")
    let folder = context.pluginWorkDirectoryURL
    let file = folder.appending(path: "Stamp.swift")
    let sources = package.targets.compactMap(\.sourceModule).flatMap { $0.sourceFiles.map(\.url) }
      .filter { !$0.path.hasPrefix(folder.path) }
    return [
      .buildCommand(
        displayName: "Stamping the commit", executable: URL(filePath: "/bin/sh"), arguments: [script.path, file.path],
        inputFiles: [script] + sources + commits(in: package.directoryURL), outputFiles: [file])
    ]
  }

  /// The file to which every commit and checkout adds a line, where there is one.
  private func commits(in folder: URL) -> [URL] {
    var git = folder.appending(path: ".git")
    // In a worktree it is a file that names the folder.
    if let place = try? String(contentsOf: git, encoding: .utf8) {
      git = URL(filePath: place.trimmingPrefix("gitdir: ").trimmingCharacters(in: .newlines), relativeTo: folder)
    }
    let log = git.appending(path: "logs/HEAD")
    return FileManager.default.fileExists(atPath: log.path) ? [log] : []
  }
}
