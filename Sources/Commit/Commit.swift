/// The commit that the program was built from, `-dirty` where sources were changed since; 'unknown' without git.
///
/// A plugin makes the file with its value, so that nothing but this module is compiled for it.
public var builtCommit: String { stampedCommit }
