/** How a page of the documentation looks: one column, and where there is room its headings beside it. Everything is in the page. */
export const STYLE = `:root{color-scheme:light dark;
--ink:light-dark(#1c2024,#e4e7ea);--soft:light-dark(#56606b,#a3adb8);--line:light-dark(#d6dbe0,#3a424b);
--ground:light-dark(#fff,#15181c);--shade:light-dark(#f3f5f7,#20252b);--link:light-dark(#0b5cad,#7db8f5);
--read:light-dark(#0a5c36,#7fd6a4);--write:light-dark(#8a3b00,#f5b57d);--here:light-dark(#fff3b0,#463d12)}
body{font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:50rem;margin:0 auto;padding:1rem;overflow-wrap:break-word}
a{color:var(--link)}
h1,h2,h3{line-height:1.25;margin:2rem 0 .5rem;scroll-margin-top:1rem}h1{margin-top:1rem}h2{border-bottom:1px solid var(--line);padding-bottom:.25rem;margin-top:3rem}
:target{background:var(--here);outline:.4rem solid var(--here)}
code,pre{font:.88em/1.45 ui-monospace,monospace;background:var(--shade);border-radius:.25rem}
code{padding:.1em .25em}pre{padding:.75rem;overflow-x:auto;border:1px solid var(--line)}pre code{padding:0;background:none;font-size:1em}
h3 code,a code{background:none;padding:0}a:has(.method){text-decoration:none}a:has(.method):hover{text-decoration:underline}
.method{font-weight:700;color:var(--write)}a[href^='#get-'] .method,h3[id^='get-'] .method{color:var(--read)}
a .method,h3 .method{display:inline-block;min-width:4ch}
table{border-collapse:collapse;display:block;overflow-x:auto;font-size:.95em;margin:1rem 0}
th,td{border:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}th{background:var(--shade)}
thead:not(:has(th:not(:empty))){display:none}td:first-child code{white-space:nowrap}td{overflow-wrap:normal}td:last-child{min-width:10rem}
@media (max-width:40rem){table{font-size:.85em}th,td{padding:.25rem .4rem}td code,td:first-child code{white-space:normal;overflow-wrap:anywhere}td:first-child{min-width:6.5rem}td:last-child{min-width:8rem}}
nav{color:var(--soft)}.contents{display:none}
@media (min-width:72rem){
body.wide{display:grid;grid-template-columns:17rem minmax(0,50rem);column-gap:3rem;max-width:70rem}
.wide>nav:first-child{grid-column:1/-1}
.contents{display:block;position:sticky;top:0;max-height:100vh;overflow-y:auto;align-self:start;font-size:.85rem;line-height:1.35;padding:1rem 0;box-sizing:border-box}
.contents ul{list-style:none;margin:0;padding:0}.contents li{margin:.35rem 0}.contents .h3{margin-left:.9rem}.contents .h2{margin-top:.9rem;font-weight:600}
.contents a{text-decoration:none}.contents a:hover{text-decoration:underline}.contents code{background:none;padding:0}
}`
