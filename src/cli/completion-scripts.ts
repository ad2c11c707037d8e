/**
 * The scripts ask `k3sprov __complete WORDS…` for candidates of the last word. A first line `:files` means "complete files".
 * They know no flag and no command themselves, so an installed script never gets old.
 */
export const completionScripts = {
  bash: `# bash completion of k3sprov: source <(k3sprov completion bash)
_k3sprov() {
  local IFS=$'\\n' line current words
  # bash cuts words at "=" and ":"; k3sprov gets them as they were typed.
  read -r -d '' -a words < <(printf '%s\\n' "\${COMP_LINE:0:COMP_POINT}" | xargs -n1 2>/dev/null)
  current="\${COMP_WORDS[COMP_CWORD]}"
  [ "\${COMP_LINE:COMP_POINT-1:1}" = " " ] && words+=("")
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":files" ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
    else
      COMPREPLY+=("$line")
    fi
  done < <("\${words[0]:-k3sprov}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _k3sprov k3sprov
`,
  zsh: `#compdef k3sprov
# zsh completion of k3sprov: source <(k3sprov completion zsh)
_k3sprov() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${candidates[1]}" == ":files" ]]; then
    candidates=("\${(@)candidates[2,-1]}")
    _files
  fi
  (( \${#candidates} )) && [[ -n "\${candidates[1]}" ]] && compadd -Q -- "\${candidates[@]}"
}
compdef _k3sprov k3sprov
`,
  fish: `# fish completion of k3sprov: k3sprov completion fish > ~/.config/fish/completions/k3sprov.fish
function __k3sprov_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c k3sprov -f -a '(__k3sprov_complete)'
`,
} as const;
