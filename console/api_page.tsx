import "./styles/reference.css";

import { render } from "preact";
import { ApiReference } from "./pages/api_reference.tsx";

const root = document.querySelector("#api");
if (root !== null) render(<ApiReference />, root);
