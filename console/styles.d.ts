/** Styles are bundled into one file by their imports. */
declare module "*.css";
